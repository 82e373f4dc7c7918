// A model's whole way: file -> basic optimisation -> graph -> costs -> cuts -> segments -> measured choice -> prediction -> plan.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/execute/engine.h"
#include "staronnx/machine/machine.h"
#include "staronnx/partition/partition.h"
#include "staronnx/plan/plan.h"
#include "staronnx/profile/cost_profile.h"

namespace staronnx {

struct CompileRequest {
  std::filesystem::path model;
  std::filesystem::path
      directory;                // written whole or not at all; replaced when it holds a plan, refused when it holds anything else
  std::filesystem::path cache;  // of measurements; see default_cache_directory()
  ShapesByName shapes = {};     // for dynamic inputs
  std::vector<Shares> splits = {};         // one variant each, beside the whole model
  std::vector<std::size_t> segments = {};  // one variant each, cut where that is best
  Seconds budget{8};                       // for measuring cuts to choose from; planning takes some seconds more
  bool fresh = false;                      // measure again what the cache knows
  std::optional<Machine> target = {};      // plan for this machine instead: nothing is measured there, so node times are added up
  std::optional<CostProfile> costs = {};   // for `target`: node times measured there
  std::optional<Microseconds> slo = {};    // latency limit to predict for; see predict()
  std::vector<int> widths = {1};           // core group widths to measure, beginning with 1
  unsigned seed = 1;
  // A line for people about what is being done, and the share of the whole done, 0..1.
  std::function<void(const std::string&, double)> progress = [](const std::string&, double) {};
  std::vector<Tensor> inputs = {};    // to measure with, one per input; empty: random ones of `shapes`
  bool leave_out_impossible = false;  // skip `segments` that are more than the graph has nodes, instead of failing
};

Result<Plan> compile(const Machine& machine, Engine& engine, const CompileRequest& request);

}  // namespace staronnx
