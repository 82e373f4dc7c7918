#include <fstream>
#include <limits>
#include <utility>

#include "staronnx/model/bodies.h"
#include "staronnx/model/constants.h"
#include "staronnx/model/content.h"
#include "staronnx/model/node_order.h"
#include "staronnx/model/types.h"

namespace staronnx {
namespace {

Error invalid(std::string message) {
  return Error{ErrorCode::invalid_argument, std::move(message)};
}

ModelNode node_of(const onnx::NodeProto& proto) {
  ModelNode node{proto.name(), proto.op_type(), proto.domain(), {}, captured_by(proto), {}};
  if (node.domain == "ai.onnx") node.domain.clear();
  node.inputs.assign(proto.input().begin(), proto.input().end());
  node.outputs.assign(proto.output().begin(), proto.output().end());
  return node;
}

// Names that need no producer.
std::vector<std::string> given_names(const onnx::GraphProto& graph) {
  std::vector<std::string> names;
  for (const onnx::ValueInfoProto& input : graph.input()) names.push_back(input.name());
  for (const onnx::TensorProto& tensor : graph.initializer()) names.push_back(tensor.name());
  for (const onnx::SparseTensorProto& tensor : graph.sparse_initializer()) names.push_back(tensor.values().name());
  return names;
}

Status order_nodes(Model::Content& content) {
  onnx::GraphProto& graph = *content.proto.mutable_graph();
  std::vector<ModelNode> nodes;
  for (const onnx::NodeProto& node : graph.node()) nodes.push_back(node_of(node));
  const Result<std::vector<std::size_t>> order = node_order(nodes, given_names(graph));
  if (!order) return order.error();
  google::protobuf::RepeatedPtrField<onnx::NodeProto> protos;
  protos.Swap(graph.mutable_node());
  for (std::size_t position : *order) {
    *graph.add_node() = std::move(protos[static_cast<int>(position)]);
    content.nodes.push_back(std::move(nodes[position]));
  }
  return {};
}

TensorInfo initializer_info(const std::string& name, std::int32_t type,
                            const google::protobuf::RepeatedField<std::int64_t>& dims) {
  TensorInfo info{name, static_cast<DataType>(type), Shape(dims.begin(), dims.end()), {}};
  info.dimension_names.resize(info.shape.size());
  return info;
}

void look_up_types(Model::Content& content) {
  const onnx::GraphProto& graph = content.proto.graph();
  for (const auto* values : {&graph.input(), &graph.output(), &graph.value_info()}) {
    for (const onnx::ValueInfoProto& value : *values) {
      if (value.type().tensor_type().elem_type() != 0) content.types.emplace(value.name(), info_of(value));
    }
  }
  for (const onnx::TensorProto& tensor : graph.initializer()) {
    content.types.emplace(tensor.name(), initializer_info(tensor.name(), tensor.data_type(), tensor.dims()));
  }
  for (const onnx::SparseTensorProto& tensor : graph.sparse_initializer()) {
    const onnx::TensorProto& values = tensor.values();
    content.types.emplace(values.name(), initializer_info(values.name(), values.data_type(), tensor.dims()));
  }
}

void look_up_initializers(Model::Content& content) {
  const onnx::GraphProto& graph = content.proto.graph();
  for (int i = 0; i < graph.initializer_size(); ++i) content.initializers[graph.initializer(i).name()] = {i, false};
  for (int i = 0; i < graph.sparse_initializer_size(); ++i) {
    content.initializers[graph.sparse_initializer(i).values().name()] = {i, true};
  }
  if (content.proto.ir_version() < first_ir_version_with_defaults) return;
  for (const onnx::ValueInfoProto& input : graph.input()) {
    if (content.initializers.contains(input.name())) content.overridable.insert(input.name());
  }
}

Status add_input(const onnx::ValueInfoProto& input, Model::Content& content) {
  const bool optional = content.overridable.contains(input.name());
  if (!optional && content.initializers.contains(input.name())) return {};
  if (!is_tensor_or_unsaid(input)) {
    return Error{ErrorCode::unsupported,
                 "input '" + input.name() + "' is a sequence, map, optional or sparse tensor; only plain tensors can be given"};
  }
  TensorInfo info = info_of(input);
  if (info.type == DataType::undefined)
    return invalid("input '" + input.name() + "' has no element type; export the model again");
  info.optional = optional;
  content.signature.inputs.push_back(std::move(info));
  return {};
}

Status add_output(const onnx::ValueInfoProto& output, const NameSet& known, Model::Content& content) {
  if (!known.contains(output.name()))
    return invalid("output '" + output.name() + "' is produced by nothing; the file is damaged or was cut wrongly");
  if (content.non_tensors.contains(output.name())) {
    return Error{
        ErrorCode::unsupported,
        "output '" + output.name() + "' is a sequence, map, optional or sparse tensor; only plain tensors can be returned"};
  }
  content.signature.outputs.push_back(info_of(output));
  return {};
}

Status describe_signature(Model::Content& content) {
  const onnx::GraphProto& graph = content.proto.graph();
  for (const onnx::ValueInfoProto& input : graph.input()) {
    if (Status added = add_input(input, content); !added) return added;
  }
  NameSet known;
  for (std::string& name : given_names(graph)) known.insert(std::move(name));
  for (const ModelNode& node : content.nodes) known.insert(node.outputs.begin(), node.outputs.end());
  for (const onnx::ValueInfoProto& output : graph.output()) {
    if (Status added = add_output(output, known, content); !added) return added;
  }
  return {};
}

}  // namespace

Result<onnx::ModelProto> parse_model(std::istream& stream) {
  onnx::ModelProto proto;
  if (!stream || !proto.ParseFromIstream(&stream)) return invalid("no ONNX model, or cut short");
  if (!proto.has_ir_version() || !proto.has_graph()) return invalid("no ONNX model: it has no ir_version or no graph");
  return proto;
}

Result<onnx::ModelProto> parse_model_file(const std::filesystem::path& file) {
  const std::string name = "'" + file.string() + "'";
  std::error_code code;
  const std::uintmax_t size = std::filesystem::file_size(file, code);
  if (code) return Error{ErrorCode::not_found, name + " cannot be read: " + code.message()};
  if (size > static_cast<std::uintmax_t>(std::numeric_limits<int>::max())) {
    return Error{ErrorCode::unsupported,
                 name +
                     " has 2 GB or more, which no protobuf reader takes in one file; save it with its weights as "
                     "external data (onnx.save_model(model, file, save_as_external_data=True))"};
  }
  std::ifstream stream(file, std::ios::binary);
  Result<onnx::ModelProto> proto = parse_model(stream);
  if (!proto) return with_context(name, proto.error());
  return proto;
}

Result<Model> model_from(onnx::ModelProto proto) {
  auto content = std::make_shared<Model::Content>();
  content->proto = std::move(proto);
  constants_to_initializers(*content->proto.mutable_graph());
  if (Status ordered = order_nodes(*content); !ordered) return ordered.error();
  content->non_tensors = non_tensors_of(content->proto);
  look_up_types(*content);
  look_up_initializers(*content);
  if (Status described = describe_signature(*content); !described) return described.error();
  return Model(std::move(content));
}

Result<Model> Model::load(const std::filesystem::path& file) {
  Result<onnx::ModelProto> proto = parse_model_file(file);
  if (!proto) return proto.error();
  Result<Model> model = model_from(*std::move(proto));
  if (!model) return with_context("'" + file.string() + "'", model.error());
  return model;
}

}  // namespace staronnx
