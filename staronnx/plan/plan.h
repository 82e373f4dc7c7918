// The Plan: where the model's journey ends and the request's begins.
//
// A plan is a directory: plan.json (this value), one ONNX file per segment, and weights.data, the model's large constants, once, shared by
// all segments of all variants. The unpartitioned model is the variant with one segment, so baseline and split run through the same code.
#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/base/units.h"
#include "staronnx/execute/provider.h"
#include "staronnx/machine/machine.h"
#include "staronnx/model/signature.h"
#include "staronnx/plan/machine_bound.h"

namespace staronnx {

constexpr const char* kWeightsFile = "weights.data";

// A tensor that a segment reads or writes, as it was when the plan was made.
struct PlanTensor {
  TensorInfo info;  // concrete shape at the plan's input shapes
  Bytes bytes;      // at those shapes

  bool operator==(const PlanTensor&) const = default;
};

// Shares of the runs at which Variation has quantiles.
constexpr std::array kVariationAt = {0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0};

// Quantiles of the times of runs, in units of their median, ascending.
using Variation = std::array<double, kVariationAt.size()>;

// Measured median time of one run, by group width.
struct CpuTimes {
  std::map<int, Microseconds> alone;        // on an otherwise idle machine
  std::map<int, Microseconds> busy;         // while as many groups of that width as the machine holds do the same
  std::map<int, Variation> variation = {};  // of the runs while busy; empty: not measured

  bool operator==(const CpuTimes&) const = default;
};

// Measured, or of the next smaller width, else of the smallest. There is one.
template <class Value>
const Value& at_width(const std::map<int, Value>& by_width, int width) {
  auto above = by_width.upper_bound(width);
  if (above != by_width.begin()) --above;
  return above->second;
}

struct Segment {
  std::string file;                 // in the plan's directory
  std::size_t nodes = 0;            // ONNX nodes in it
  std::vector<std::string> inputs;  // tensor names, in the segment model's order
  std::vector<std::string> outputs;
  std::vector<std::string> processors;  // kinds that may run it: "cpu"
  CpuTimes cpu_time{};                  // of one request
  std::map<int, CpuTimes> batched{};  // of a run for several requests at once, by how many; empty: not measured, or not possible
  Provider provider = Provider::cpu;  // that runs it on cores; the times above are with it
  CpuTimes other_provider_time{};     // of one request with the one not taken; empty: not measured, or not possible
  std::string provider_note{};        // nodes that the provider leaves to another, or why OpenVINO cannot run it; mostly empty

  bool operator==(const Segment&) const = default;
};

// One way to run the model.
struct Variant {
  std::string name;                       // "whole", "k2", "k3"
  std::vector<double> shares;             // wanted share of the work, by segment
  std::vector<double> work;               // share reached
  Bytes cut;                              // bytes that cross per request, once per tensor and receiving segment
  std::vector<Segment> segments;          // in the order of execution
  std::vector<std::size_t> node_segment;  // by node of Plan::nodes: its segment
  std::string method = "whole";           // that cut it: "whole", "shares" (as asked for), "metis", "order", "exact"
  double period_over_bound = 1;   // by node times on equal processors: the busiest one's over the lower bound; 1 where not known
  std::size_t cuts_measured = 0;  // from how many it was chosen by measurement

  bool operator==(const Variant&) const = default;
};

// A node of the graph that was cut, for pictures and explanations.
struct PlanNode {
  std::string label;
  Microseconds time{};             // at width 1
  std::vector<std::size_t> reads;  // nodes whose tensors it reads

  bool operator==(const PlanNode&) const = default;
};

// Requests per second and their latencies, foretold.
struct RatePoint {
  double rate_per_s = 0;
  Milliseconds p50{}, p99{};

  bool operator==(const RatePoint&) const = default;
};

// One variant on one set of core groups.
struct Forecast {
  std::string variant;
  std::string core_groups;  // "1,1"
  Milliseconds lone{};      // latency of a request alone
  double saturated_per_s = 0;
  double threshold_per_s = 0;  // the largest rate whose p99 is within the limit
  std::vector<RatePoint> points;

  bool operator==(const Forecast&) const = default;
};

struct Prediction {
  Milliseconds slo{};                 // the limit on p99 that the thresholds are for
  RateBound bound, bound_within_slo;  // of the machine, without and with that limit on the lone latency
  std::vector<Forecast> forecasts;
  std::vector<std::string> estimates;  // what stands in for measurements, in words; empty when all was measured

  bool operator==(const Prediction&) const = default;
};

struct Plan {
  std::string model;                          // file name of the original, for people
  std::string model_hash;                     // SHA-256 of the original
  std::string machine;                        // Machine::id() where costs were measured
  std::string engine;                         // "onnxruntime 1.32.0"
  Signature signature;                        // of the whole model
  std::vector<Shape> shapes;                  // one per input, that costs were measured at
  std::map<std::string, PlanTensor> tensors;  // every tensor that any segment reads or writes
  std::vector<PlanNode> nodes;
  std::vector<Variant> variants;  // "whole" first
  Prediction prediction{};

  const Variant* find(const std::string& variant) const;  // null when absent
  bool operator==(const Plan&) const = default;
};

// plan.json and back. Parsing refuses, naming the field: what is missing, of the wrong type, not finite, or inconsistent (a segment that reads
// a tensor no earlier segment writes, a file outside the directory, a format version that is not ours).
std::string to_json(const Plan& plan);
Result<Plan> parse_plan(const std::string& json);
Result<Plan> load_plan(const std::filesystem::path& directory);

}  // namespace staronnx
