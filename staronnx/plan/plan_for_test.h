// Plans for tests, said in a line.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "staronnx/plan/plan.h"

namespace staronnx {

// Nodes "Op0", "Op1".. that read `reads`, in segments `node_segment`, with one tensor of `bytes` for each edge from a segment to a later one.
inline Plan plan_of(const std::vector<std::vector<std::size_t>>& reads, const std::vector<std::size_t>& node_segment) {
  Plan plan;
  plan.model = "small.onnx";
  plan.model_hash = "0123456789abcdef0123456789abcdef";
  plan.machine = "Test CPU, 2 cores";
  plan.engine = "onnxruntime 1.0";
  Variant variant;
  const std::size_t segments = 1 + *std::ranges::max_element(node_segment);
  variant.name = "k" + std::to_string(segments);
  variant.node_segment = node_segment;
  variant.shares.assign(segments, 1.0 / static_cast<double>(segments));
  variant.work = variant.shares;
  variant.segments.resize(segments);
  for (std::size_t node = 0; node < reads.size(); ++node) {
    plan.nodes.push_back({"Op" + std::to_string(node), Microseconds(1000), reads[node]});
    Segment& segment = variant.segments[node_segment[node]];
    ++segment.nodes;
    segment.cpu_time.alone[1] += Microseconds(1000);
    segment.cpu_time.alone[2] += Microseconds(600);
    for (const std::size_t read : reads[node]) {
      if (node_segment[read] == node_segment[node]) continue;
      const std::string tensor = "t" + std::to_string(read);
      plan.tensors[tensor] = {{tensor, DataType::float32, {1, 256}, {"", ""}, false}, Bytes{1024}};
      variant.cut += Bytes{1024};
      variant.segments[node_segment[read]].outputs.push_back(tensor);
      segment.inputs.push_back(tensor);
    }
  }
  plan.variants = {variant};
  return plan;
}

// Each node reads the one before.
inline std::vector<std::vector<std::size_t>> chain(std::size_t nodes) {
  std::vector<std::vector<std::size_t>> reads(nodes);
  for (std::size_t node = 1; node < nodes; ++node) reads[node] = {node - 1};
  return reads;
}

}  // namespace staronnx
