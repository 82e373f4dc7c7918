// How --help shows options: "--http-port UINT", what it means and its default, wrapped for a terminal.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace staronnx::apps {

class HelpText : public CLI::Formatter {
 public:
  std::string make_option_name(const CLI::Option* option, bool is_positional) const override;
  std::string make_option_opts(const CLI::Option* option) const override;
  std::string make_option_desc(const CLI::Option* option) const override;
};

}  // namespace staronnx::apps
