#include "apps/configuration.h"

#include <cctype>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "staronnx/base/read_file.h"

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

// Comments begin with # outside of quotes, which end in their line. CLI11 itself would take every # for one.
std::string without_comments(const std::string& text) {
  std::string rest;
  char quote = 0;
  bool comment = false;
  for (const char c : text) {
    if (c == '\n') {
      quote = 0;
      comment = false;
    } else if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '#') {
      comment = true;
    }
    if (!comment) rest += c;
  }
  return rest;
}

std::vector<CLI::ConfigItem> items_of(const std::string& file) {
  const std::optional<std::string> text = staronnx::read_file(file);
  if (!text) throw CLI::ConfigError("the file cannot be read");
  CLI::ConfigTOML format;
  format.comment('\0');
  std::istringstream lines(without_comments(*text));
  return format.from_config(lines);
}

void read_options(CLI::App& verb, const std::string& file) {
  std::set<std::string> seen;
  try {
    for (const CLI::ConfigItem& item : items_of(file)) {
      CLI::Option& option = option_for(verb, item);
      if (!seen.insert(option.get_name()).second) throw CLI::ConfigError("'" + item.name + "' is there twice");
      if (option.empty()) set(option, item);
    }
  } catch (const CLI::ParseError& error) {
    throw CLI::ConfigError("--config " + file + ": " + error.what());
  }
}

}  // namespace

void add_configuration(CLI::App& verb) {
  verb.preparse_callback([&verb](std::size_t) { name_variables(verb); });
  const auto read = [&verb](const std::string& file) {
    if (verb.get_help_ptr()->count() == 0) read_options(verb, file);
  };
  // Options are stored in the order in which they were added, after the environment was read.
  verb.add_option_function<std::string>("--config", read, "A TOML file that says other options, such as http-port = 8000")
      ->type_name("FILE")
      ->configurable(false);
}

}  // namespace staronnx::apps
