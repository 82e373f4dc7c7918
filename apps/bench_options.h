// The options of the verb `bench`, and what follows from them.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "apps/arrivals_choice.h"
#include "apps/machine_choice.h"
#include "apps/runtime_choice.h"
#include "staronnx/bench/comparison.h"
#include "staronnx/bench/remote_model.h"

namespace staronnx::apps {

struct BenchOptions {
  std::vector<std::string> targets;  // the directory of a plan, or URLs
  std::string model;                 // at the URLs
  std::vector<std::string> shapes;   // of its inputs
  std::vector<std::string> inputs;   // tensor files
  std::string input_data = "random";
  std::string rates = "auto";
  std::string concurrency;
  ArrivalsChoice arrivals;
  bool binary_search = false;
  std::string slo = "5x";
  double percentile = ComparisonOptions().percentile;
  std::optional<double> deadline_ms;
  std::optional<double> duration_s, interval_ms;  // of a window, either way
  double budget_s = ComparisonOptions().budget.count();
  std::optional<double> stability_percentage;
  int max_trials = Stability().most_windows;
  unsigned seed = 1, seeds = 1;
  std::size_t connections = 0;
  MachineChoice here;
  RuntimeChoice runtime;
  std::string output, csv, requests_out;  // files
  bool json = false;

  void add_to(CLI::App& verb);

  bool servers() const { return !model.empty(); }

  // All but `in_flight`. Reads the file of intervals.
  Result<ComparisonOptions> comparison() const;

  RemoteOptions remote() const;

  // Defaults are spelled out: the command means the same when they change.
  std::string command() const;
};

// What requests carry, to a model whose inputs are as `signature` says, open shapes as `given`. Reads files.
Result<Requests> requests_for(const Signature& signature, const ShapesByName& given, const BenchOptions& options);

}  // namespace staronnx::apps
