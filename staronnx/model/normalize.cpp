#include <algorithm>
#include <utility>

#include "staronnx/model/bodies.h"
#include "staronnx/model/content.h"

namespace staronnx {
namespace {

// Gives names that nothing else has.
class FreshNames {
 public:
  // False when the name is taken already.
  bool reserve(const std::string& name) { return taken_.insert(name).second; }

  // `wanted` itself when it is still free, otherwise with the first number that makes it so.
  std::string take(const std::string& wanted) {
    std::string name = wanted;
    for (int& number = next_[wanted]; !reserve(name);) name = wanted + '_' + std::to_string(++number);
    return name;
  }

 private:
  NameSet taken_;
  std::map<std::string, int> next_;
};

// ONNX Runtime writes names into its profile without escaping them.
std::string without_quotes(std::string name) {
  const auto harmful = [](char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20; };
  std::replace_if(name.begin(), name.end(), harmful, '_');
  return name;
}

void remove_dead_nodes(const Model& model, onnx::GraphProto& graph) {
  NameSet needed;
  for (const onnx::ValueInfoProto& output : graph.output()) needed.insert(output.name());
  google::protobuf::RepeatedPtrField<onnx::NodeProto> kept;
  for (int i = graph.node_size() - 1; i >= 0; --i) {
    const ModelNode& node = model.nodes()[static_cast<std::size_t>(i)];
    const auto is_needed = [&](const std::string& name) { return !name.empty() && needed.contains(name); };
    if (std::none_of(node.outputs.begin(), node.outputs.end(), is_needed)) continue;
    needed.insert(node.inputs.begin(), node.inputs.end());
    needed.insert(node.captured.begin(), node.captured.end());
    *kept.Add() = std::move(*graph.mutable_node(i));
  }
  std::reverse(kept.pointer_begin(), kept.pointer_end());
  graph.mutable_node()->Swap(&kept);
}

// `name` as an output is taken from an Identity now; its readers read that, too.
void add_identity(onnx::GraphProto& graph, const std::string& name, const std::string& constant) {
  for (onnx::TensorProto& tensor : *graph.mutable_initializer()) {
    if (tensor.name() == name) tensor.set_name(constant);
  }
  for (onnx::SparseTensorProto& tensor : *graph.mutable_sparse_initializer()) {
    if (tensor.values().name() == name) tensor.mutable_values()->set_name(constant);
  }
  onnx::NodeProto node;
  node.set_op_type("Identity");
  node.add_input(constant);
  node.add_output(name);
  google::protobuf::RepeatedPtrField<onnx::NodeProto>& nodes = *graph.mutable_node();
  *nodes.Add() = std::move(node);
  std::rotate(nodes.pointer_begin(), nodes.pointer_end() - 1, nodes.pointer_end());
}

void produce_constant_outputs(const Model& model, onnx::GraphProto& graph) {
  FreshNames names;
  for (const ModelNode& node : model.nodes()) {
    for (const std::string& output : node.outputs) names.reserve(output);
  }
  for (const onnx::TensorProto& tensor : graph.initializer()) names.reserve(tensor.name());
  for (const onnx::ValueInfoProto& input : graph.input()) names.reserve(input.name());
  NameSet done;
  for (const onnx::ValueInfoProto& output : graph.output()) {
    const std::string& name = output.name();
    if (model.is_constant(name) && done.insert(name).second) add_identity(graph, name, names.take(name + "_constant"));
  }
}

void collect_nodes(onnx::GraphProto& graph, std::vector<onnx::NodeProto*>& nodes) {
  for (onnx::NodeProto& node : *graph.mutable_node()) {
    nodes.push_back(&node);
    for_each_body(node, [&](onnx::GraphProto& body) { collect_nodes(body, nodes); });
  }
}

// A name that is good and the first of its kind stays.
void name_nodes(onnx::GraphProto& graph) {
  std::vector<onnx::NodeProto*> nodes;
  collect_nodes(graph, nodes);
  FreshNames names;
  std::vector<onnx::NodeProto*> nameless;
  for (onnx::NodeProto* node : nodes) {
    const std::string& name = node->name();
    if (name.empty() || name != without_quotes(name) || !names.reserve(name)) nameless.push_back(node);
  }
  for (onnx::NodeProto* node : nameless) {
    node->set_name(names.take(without_quotes(node->name().empty() ? node->op_type() : node->name())));
  }
}

Status keep_inputs_of(const Model& model, const Signature& original, onnx::GraphProto& graph) {
  NameSet known;
  for (const TensorInfo& input : original.inputs) known.insert(input.name);
  NameSet read;
  for (const ModelNode& node : model.nodes()) {
    read.insert(node.inputs.begin(), node.inputs.end());
    read.insert(node.captured.begin(), node.captured.end());
  }
  google::protobuf::RepeatedPtrField<onnx::ValueInfoProto> kept;
  for (const TensorInfo& input : model.signature().inputs) {
    if (!known.contains(input.name) && read.contains(input.name)) {
      return Error{ErrorCode::invalid_argument, "the model reads an input '" + input.name + "' that the original does not have"};
    }
  }
  for (onnx::ValueInfoProto& input : *graph.mutable_input()) {
    if (known.contains(input.name())) *kept.Add() = std::move(input);
  }
  graph.mutable_input()->Swap(&kept);
  return {};
}

}  // namespace

Result<Model> normalized(const Model& model, const Signature& original) {
  onnx::ModelProto proto = model.content().proto;
  onnx::GraphProto& graph = *proto.mutable_graph();
  if (Status kept = keep_inputs_of(model, original, graph); !kept) return kept.error();
  remove_dead_nodes(model, graph);
  produce_constant_outputs(model, graph);
  name_nodes(graph);
  proto.set_ir_version(std::max(proto.ir_version(), least_written_ir_version));
  return model_from(std::move(proto));
}

}  // namespace staronnx
