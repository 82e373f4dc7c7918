// The options of `staronnx simulate` and `staronnx advise`, which the command reads, and after it the simulator.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "apps/arrivals_choice.h"
#include "apps/runtime_choice.h"
#include "staronnx/bench/comparison.h"

namespace staronnx::apps {

struct SimulateChoice {
  std::string plan;                   // directory
  std::string machine;                // file; empty: this machine
  std::vector<std::string> variants;  // of the plan; "": one chosen for each request; empty: all, and that
  std::string rates = "auto";
  std::optional<double> rate;  // per second, which advise is asked for, instead of `rates`
  ArrivalsChoice arrivals;
  std::string slo = "5x";
  std::optional<double> deadline_ms;
  std::size_t requests = 2000;
  unsigned seed = 1;
  RuntimeChoice runtime;
  std::string batching = "auto", overlap = "on";
  std::string output, csv;  // files
  bool json = false;

  void add_to(CLI::App& app);
  void add_common(CLI::App& app);  // what advise has, too

  void set_slo(Milliseconds limit);

  // What says the same to add_to(). Defaults are spelled out: they mean the same when defaults change.
  std::vector<std::string> arguments() const;

  // The machine with the GPUs that were chosen; links of this one are measured.
  Result<Machine> chosen_machine() const;

  // Whether there is anything wrong with plan, machine and load: said before something is simulated.
  Status check(const Machine& chosen) const;

  // What was chosen of seed, SLO, arrivals and rates. Reads the file of intervals.
  Result<ComparisonOptions> comparison() const;
};

}  // namespace staronnx::apps
