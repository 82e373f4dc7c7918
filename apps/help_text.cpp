#include "apps/help_text.h"

#include <sstream>

namespace staronnx::apps {
namespace {

constexpr std::size_t kWidth = 80;  // of a description; what it describes stands in 30 columns before it

std::string wrapped(const std::string& text) {
  std::istringstream words(text);
  std::string lines;
  std::size_t column = 0;
  for (std::string word; words >> word;) {
    const bool fits = column == 0 || column + 1 + word.size() <= kWidth;
    if (column > 0) lines += fits ? ' ' : '\n';
    column = fits && column > 0 ? column + 1 + word.size() : word.size();
    lines += word;
  }
  return lines;
}

}  // namespace

std::string HelpText::make_option_name(const CLI::Option* option, bool is_positional) const {
  if (is_positional) return option->get_name(true, false);
  std::string names;
  for (const std::string& name : option->get_snames()) names += (names.empty() ? "-" : ", -") + name;
  for (const std::string& name : option->get_lnames()) names += (names.empty() ? "--" : ", --") + name;
  return names;
}

std::string HelpText::make_option_opts(const CLI::Option* option) const {
  if (option->get_type_size() == 0) return "";
  const std::string type = option->get_type_name();  // "UINT", or with what it must be, "INT:INT in [1 - 9]"
  return " " + type.substr(0, type.find(':')) + (option->get_expected_max() > 1 ? "..." : "");
}

std::string HelpText::make_option_desc(const CLI::Option* option) const {
  std::string text = option->get_description();
  for (const CLI::Option* needed : option->get_needs()) text += ", with " + needed->get_name();
  if (!option->get_default_str().empty()) text += " (default: " + option->get_default_str() + ")";
  if (option->get_required() && !option->get_positional()) text += " (required)";
  return wrapped(text);
}

}  // namespace staronnx::apps
