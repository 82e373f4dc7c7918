// The options of `staronnx simulate`, which the command reads, and after it the simulator that it becomes.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "apps/runtime_choice.h"
#include "staronnx/bench/comparison.h"

namespace staronnx::apps {

struct SimulateChoice {
  std::string plan;                   // directory
  std::string machine;                // file; empty: this machine
  std::vector<std::string> variants;  // of the plan; "": one chosen for each request; empty: all, and that
  std::string rates = "auto";
  std::string slo = "5x";
  std::optional<double> deadline_ms;
  std::size_t requests = 2000;
  unsigned seed = 1;
  RuntimeChoice runtime;
  std::string output;
  bool json = false;

  void add_to(CLI::App& app);

  // What says the same to add_to(). Defaults are spelled out: they mean the same when defaults change.
  std::vector<std::string> arguments() const;

  // The machine with the GPUs that were chosen; links of this one are measured.
  Result<Machine> chosen_machine() const;

  // What was chosen of seed, SLO and rates.
  Result<ComparisonOptions> comparison() const;
};

}  // namespace staronnx::apps
