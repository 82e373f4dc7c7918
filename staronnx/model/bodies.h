// The graphs inside a node: branches of If, bodies of Loop and Scan.
#pragma once

#include <string>
#include <vector>

#include "onnx/onnx-ml.pb.h"

namespace staronnx {

// Calls `visit(const onnx::GraphProto&)` for each graph directly inside `node`.
template <class Visit>
void for_each_body(const onnx::NodeProto& node, Visit visit) {
  for (const onnx::AttributeProto& attribute : node.attribute()) {
    if (attribute.has_g()) visit(attribute.g());
    for (const onnx::GraphProto& graph : attribute.graphs()) visit(graph);
  }
}

// The same for changing them: `visit(onnx::GraphProto&)`.
template <class Visit>
void for_each_body(onnx::NodeProto& node, Visit visit) {
  for (onnx::AttributeProto& attribute : *node.mutable_attribute()) {
    if (attribute.has_g()) visit(*attribute.mutable_g());
    for (onnx::GraphProto& graph : *attribute.mutable_graphs()) visit(graph);
  }
}

// Tensors from outside that the bodies of `node`, however deep, read: each once, in order of first use.
std::vector<std::string> captured_by(const onnx::NodeProto& node);

}  // namespace staronnx
