#include "apps/configuration.h"

#include <cctype>
#include <set>
#include <string>

namespace staronnx::apps {
namespace {

std::string variable_of(const std::string& option) {
  std::string name = "STARONNX_";
  for (const char c : option) name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

void name_variables(CLI::App& verb) {
  for (CLI::Option* option : verb.get_options()) {
    if (option != verb.get_help_ptr() && !option->get_lnames().empty())
      option->envname(variable_of(option->get_lnames().front()));
  }
}

CLI::Option& option_for(CLI::App& verb, const CLI::ConfigItem& item) {
  if (!item.parents.empty()) throw CLI::ConfigError("sections such as [" + item.parents.front() + "] are not known here");
  CLI::Option* option = verb.get_option_no_throw("--" + item.name);
  if (option == nullptr)
    throw CLI::ConfigError("there is no option '" + item.name + "'; staronnx " + verb.get_name() + " --help");
  if (!option->get_configurable()) throw CLI::ConfigError("'" + item.name + "' cannot be set in a file");
  return *option;
}

void set(CLI::Option& option, const CLI::ConfigItem& item) {
  if (option.get_expected_min() > 0) {
    option.add_result(item.inputs);
  } else {
    option.add_result(option.get_flag_value(item.name, CLI::ConfigTOML().to_flag(item)));
  }
  option.run_callback();
}

void read_file(CLI::App& verb, const std::string& file) {
  std::set<std::string> seen;
  try {
    for (const CLI::ConfigItem& item : CLI::ConfigTOML().from_file(file)) {
      CLI::Option& option = option_for(verb, item);
      if (!seen.insert(option.get_name()).second) throw CLI::ConfigError("'" + item.name + "' is there twice");
      if (option.empty()) set(option, item);
    }
  } catch (const CLI::FileError&) {
    throw CLI::ConfigError("--config " + file + ": the file cannot be read");
  } catch (const CLI::ParseError& error) {
    throw CLI::ConfigError("--config " + file + ": " + error.what());
  }
}

}  // namespace

void add_configuration(CLI::App& verb) {
  verb.preparse_callback([&verb](std::size_t) { name_variables(verb); });
  const auto read = [&verb](const std::string& file) {
    if (verb.get_help_ptr()->count() == 0) read_file(verb, file);
  };
  // Options are stored in the order in which they were added, after the environment was read.
  verb.add_option_function<std::string>("--config", read, "A TOML file that says other options, such as http-port = 8000")
      ->type_name("FILE")
      ->configurable(false);
}

}  // namespace staronnx::apps
