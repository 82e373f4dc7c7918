// The options by which a model becomes a plan, shared by the verbs that make one.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "staronnx/plan/compile.h"

namespace staronnx::apps {

struct PlanOptions {
  std::vector<std::string> shapes;  // "input:1x3x224x224"
  std::vector<std::size_t> segments;
  std::string shares;
  std::vector<std::string> inputs;  // tensor files: "FILE" or "NAME=FILE"

  // Adds --segments, --shares, --shape and --input.
  void add_to(CLI::App& verb);

  // What was asked for: one split per number of segments (even shares unless given). Costs are measured with the tensors of --input,
  // or with random ones when there are none or --shape says other shapes.
  Result<CompileRequest> request(const Machine& machine, const std::filesystem::path& model,
                                 const std::filesystem::path& directory) const;
};

// Of --shape, "INPUT:1x3x224x224" each. Fails, naming it, for one that is no shape, or the second of an input.
Result<ShapesByName> shapes_by_name(const std::vector<std::string>& shapes);

// "[ 42 %] profiling ..." on standard error: lines of a log, or one line that is written over on a terminal.
std::function<void(const std::string&, double)> progress_on_stderr();

}  // namespace staronnx::apps
