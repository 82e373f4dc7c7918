// Graphs with costs, as files: the JSON format of a public benchmark.
//
//   {"nodes": [{"id": 1, "cpuLatency": 6.96, "fpgaLatency": 0.696, "colorClass": 3, "supportedOnFpga": 1, "size": 131325952}, ...],
//    "edges": [{"sourceId": 1, "destId": 3, "cost": 0.002}, ...]}
//
// Edges of one source carry one tensor, whose transfer takes the largest of their costs; nodes of one colorClass go to the same
// processor. `colorClass`, `supportedOnFpga` (default: yes) and `size` (not used) may be absent, and other fields are passed over.
// Source of the format: https://github.com/msr-fiddle/dnn-partitioning (J. Tarnawski et al., 2020).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "staronnx/placement/placement.h"

namespace staronnx {

struct GraphProcessors {
  std::size_t accelerators = 1;
  std::size_t cpus = 1;
  double cpu_speed = 1;  // divides the CPU's times
  bool overlap = false;  // of transfers with computation
};

struct GraphFile {
  PlacementProblem problem;  // classes "accelerator", which pays for transfers, and "cpu"; what must stay together is one node
  std::vector<std::int64_t> ids;       // in the file's order
  std::vector<std::uint32_t> node_of;  // by position in `ids`: node of `problem`
};

// Refuses, naming the element: text that is no JSON, a missing field, one of another type, a time or cost that is negative or not a
// number, an id that is unknown or appears twice, a circle.
Result<GraphFile> parse_graph_file(const std::string& json, const GraphProcessors& processors);
Result<GraphFile> load_graph_file(const std::filesystem::path& file, const GraphProcessors& processors);

}  // namespace staronnx
