#include "staronnx/model/constants.h"

#include <optional>

namespace staronnx {
namespace {

using onnx::TensorProto;

TensorProto scalar(TensorProto::DataType type) {
  TensorProto tensor;
  tensor.set_data_type(type);
  return tensor;
}

TensorProto vector(TensorProto::DataType type, int size) {
  TensorProto tensor = scalar(type);
  tensor.add_dims(size);
  return tensor;
}

// Nothing for an attribute that holds no dense value.
std::optional<TensorProto> dense_value(const onnx::AttributeProto& attribute) {
  const std::string& name = attribute.name();
  std::optional<TensorProto> tensor;
  if (name == "value" && attribute.has_t()) tensor = attribute.t();
  if (name == "value_float") (tensor = scalar(TensorProto::FLOAT))->add_float_data(attribute.f());
  if (name == "value_int") (tensor = scalar(TensorProto::INT64))->add_int64_data(attribute.i());
  if (name == "value_string") (tensor = scalar(TensorProto::STRING))->add_string_data(attribute.s());
  if (name == "value_floats") {
    *(tensor = vector(TensorProto::FLOAT, attribute.floats_size()))->mutable_float_data() = attribute.floats();
  }
  if (name == "value_ints")
    *(tensor = vector(TensorProto::INT64, attribute.ints_size()))->mutable_int64_data() = attribute.ints();
  if (name == "value_strings") {
    *(tensor = vector(TensorProto::STRING, attribute.strings_size()))->mutable_string_data() = attribute.strings();
  }
  return tensor;
}

// Adds the node's value to the initializers; false when it is no Constant node that we understand.
bool add_as_initializer(const onnx::NodeProto& node, onnx::GraphProto& graph) {
  const bool is_constant = node.op_type() == "Constant" && (node.domain().empty() || node.domain() == "ai.onnx");
  if (!is_constant || node.output_size() != 1 || node.attribute_size() != 1) return false;
  const onnx::AttributeProto& attribute = node.attribute(0);
  if (attribute.name() == "sparse_value" && attribute.has_sparse_tensor()) {
    onnx::SparseTensorProto& tensor = *graph.add_sparse_initializer();
    tensor = attribute.sparse_tensor();
    tensor.mutable_values()->set_name(node.output(0));
    return true;
  }
  std::optional<TensorProto> tensor = dense_value(attribute);
  if (!tensor) return false;
  tensor->set_name(node.output(0));
  *graph.add_initializer() = *std::move(tensor);
  return true;
}

}  // namespace

void constants_to_initializers(onnx::GraphProto& graph) {
  google::protobuf::RepeatedPtrField<onnx::NodeProto> nodes;
  nodes.Swap(graph.mutable_node());
  for (onnx::NodeProto& node : nodes) {
    if (!add_as_initializer(node, graph)) *graph.add_node() = std::move(node);
  }
}

}  // namespace staronnx
