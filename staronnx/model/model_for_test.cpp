#include "staronnx/model/model_for_test.h"

#include "staronnx/model/content.h"
#include "staronnx/model/types.h"

namespace staronnx {
namespace {

onnx::ValueInfoProto value_of(TensorInfo info) {
  if (info.type == DataType::undefined) info.type = DataType::float32;
  info.dimension_names.resize(info.shape.size());
  return value_info_of(info);
}

onnx::TensorProto constant_of(const std::string& name) {
  onnx::TensorProto tensor;
  tensor.set_name(name);
  tensor.set_data_type(onnx::TensorProto::FLOAT);
  for (int dimension : {4, 4}) tensor.add_dims(dimension);
  for (int i = 0; i < 16; ++i) tensor.add_float_data(0.5F);
  return tensor;
}

onnx::NodeProto proto_of(const NodeForTest& node) {
  onnx::NodeProto proto;
  proto.set_op_type(node.op_type);
  proto.set_name(node.name);
  proto.set_domain(node.domain);
  for (const std::string& input : node.inputs) proto.add_input(input);
  for (const std::string& output : node.outputs) proto.add_output(output);
  for (const std::string& body : node.bodies) {
    onnx::AttributeProto& attribute = *proto.add_attribute();
    attribute.set_name("body" + std::to_string(proto.attribute_size()));
    attribute.set_type(onnx::AttributeProto::GRAPH);
    attribute.mutable_g()->ParseFromString(body);
  }
  return proto;
}

onnx::GraphProto proto_of(const GraphForTest& graph) {
  onnx::GraphProto proto;
  proto.set_name("test");
  for (const TensorInfo& input : graph.inputs) *proto.add_input() = value_of(input);
  for (const TensorInfo& output : graph.outputs) *proto.add_output() = value_of(output);
  for (const TensorInfo& value : graph.value_info) *proto.add_value_info() = value_of(value);
  for (const std::string& name : graph.constants) *proto.add_initializer() = constant_of(name);
  for (const NodeForTest& node : graph.nodes) *proto.add_node() = proto_of(node);
  return proto;
}

onnx::ModelProto proto_of(const ModelForTest& model) {
  onnx::ModelProto proto;
  proto.set_ir_version(model.ir_version);
  proto.add_opset_import()->set_version(17);
  *proto.mutable_graph() = proto_of(model.graph);
  return proto;
}

}  // namespace

std::string body_of(const GraphForTest& graph) {
  return proto_of(graph).SerializeAsString();
}

std::string bytes_of(const ModelForTest& model) {
  return proto_of(model).SerializeAsString();
}

Result<Model> model_from(const ModelForTest& model) {
  return model_from(proto_of(model));
}

std::vector<std::string> names_of(const std::vector<TensorInfo>& tensors) {
  std::vector<std::string> names;
  for (const TensorInfo& tensor : tensors) names.push_back(tensor.name);
  return names;
}

}  // namespace staronnx
