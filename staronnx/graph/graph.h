// The model as an immutable directed acyclic graph with topological numbers: what may be cut, and what crosses a cut.
//
// A node here is one or more model nodes that stay together ("contracted"): nodes joined by something that is no plain tensor
// (sequence, map, optional), operators with the activations and the quantization that are computed with them, shape-computing
// chains with the nodes whose results they measure, nodes without data inputs with their consumers. Constants and model inputs
// are not tensors of this graph: each segment has its own copy, or gets them from the request.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "staronnx/base/ids.h"
#include "staronnx/base/result.h"
#include "staronnx/model/model.h"

namespace staronnx {

struct GraphNode {
  std::string label;            // for people: "Conv conv1", of the heaviest operator in it
  std::vector<NodeId> members;  // ids in Model::nodes(), ascending, at least one
};

// A tensor that one node produces and other nodes read. It crosses a cut once per segment that reads it, however many consumers.
struct GraphTensor {
  std::string name;
  NodeId producer;                // graph node
  std::vector<NodeId> consumers;  // graph nodes, ascending, at least one, never the producer
};

class Graph {
 public:
  // Node ids are positions and topological numbers: each tensor goes from a lower to higher numbers. Fails when one does not.
  static Result<Graph> create(std::vector<GraphNode> nodes, std::vector<GraphTensor> tensors);

  std::span<const GraphNode> nodes() const { return nodes_; }
  std::span<const GraphTensor> tensors() const { return tensors_; }

 private:
  std::vector<GraphNode> nodes_;
  std::vector<GraphTensor> tensors_;
};

// `model` is normalized (see normalized()); its labels are for people only.
Result<Graph> graph_of(const Model& model);

}  // namespace staronnx
