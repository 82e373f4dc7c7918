#include <algorithm>
#include <utility>

#include "staronnx/model/content.h"
#include "staronnx/model/lasting_shapes.h"
#include "staronnx/model/node_order.h"
#include "staronnx/model/types.h"

namespace staronnx {
namespace {

// Type and shape of what enters or leaves a segment.
class EdgeTypes {
 public:
  EdgeTypes(const Model& model, std::span<const TensorInfo> measured) : model_(model), lasting_(lasting_shapes(model)) {
    for (const TensorInfo& info : measured) measured_.emplace(info.name, &info);
  }

  // Nothing when the element type is unknown.
  std::optional<TensorInfo> of(const std::string& tensor) const {
    std::optional<TensorInfo> info = model_.tensor_info(tensor);
    const auto found = measured_.find(tensor);
    if (found == measured_.end() || found->second->type == DataType::undefined) return info;
    const TensorInfo measured = lasting_part(*found->second);
    if (!info) return measured;
    if (info->any_shape) return with_shape(*info, measured);
    if (info->shape.size() == measured.shape.size() && !measured.any_shape) fill_in(*info, measured);
    return info;
  }

 private:
  TensorInfo lasting_part(TensorInfo info) const {
    const auto found = lasting_.find(info.name);
    const Lasting lasting = found == lasting_.end() ? Lasting::nothing : found->second;
    if (lasting == Lasting::nothing) info.shape.clear();
    if (lasting == Lasting::rank) std::fill(info.shape.begin(), info.shape.end(), -1);
    info.any_shape = info.any_shape || lasting == Lasting::nothing;
    info.dimension_names.assign(info.shape.size(), "");
    return info;
  }

  static TensorInfo with_shape(TensorInfo info, const TensorInfo& shaped) {
    info.shape = shaped.shape;
    info.dimension_names = shaped.dimension_names;
    info.any_shape = shaped.any_shape;
    return info;
  }

  static void fill_in(TensorInfo& info, const TensorInfo& measured) {
    for (std::size_t i = 0; i < info.shape.size(); ++i) {
      if (info.shape[i] < 0 && info.dimension_names[i].empty()) info.shape[i] = measured.shape[i];
    }
  }

  const Model& model_;
  std::map<std::string, Lasting, std::less<>> lasting_;
  std::map<std::string_view, const TensorInfo*> measured_;
};

class Extraction {
 public:
  Extraction(const Model& model, std::vector<std::size_t> nodes, std::span<const TensorInfo> types)
      : model_(model), source_(model.content().proto.graph()), nodes_(std::move(nodes)), types_(model, types) {
    for (std::size_t node : nodes_) {
      for (const std::string& output : model.nodes()[node].outputs) produced_.insert(output);
    }
    find_needed_outside();
  }

  Result<onnx::GraphProto> run() {
    graph_.set_name(source_.name());
    graph_.set_doc_string(source_.doc_string());
    for (std::size_t node : nodes_) {
      *graph_.add_node() = source_.node(static_cast<int>(node));
      if (Status added = add_what_is_read(model_.nodes()[node]); !added) return added.error();
    }
    for (std::size_t node : nodes_) {
      if (Status added = add_outputs(model_.nodes()[node]); !added) return added.error();
    }
    add_value_info();
    return std::move(graph_);
  }

 private:
  void find_needed_outside() {
    for (const TensorInfo& output : model_.signature().outputs) needed_outside_.insert(output.name);
    for (std::size_t i = 0; i < model_.nodes().size(); ++i) {
      if (std::binary_search(nodes_.begin(), nodes_.end(), i)) continue;
      const ModelNode& node = model_.nodes()[i];
      needed_outside_.insert(node.inputs.begin(), node.inputs.end());
      needed_outside_.insert(node.captured.begin(), node.captured.end());
    }
  }

  Status add_what_is_read(const ModelNode& node) {
    for (const std::vector<std::string>* names : {&node.inputs, &node.captured}) {
      for (const std::string& name : *names) {
        if (name.empty() || produced_.contains(name) || !read_.insert(name).second) continue;
        if (model_.is_initializer(name)) add_initializer(name);
        if (model_.is_constant(name)) continue;
        if (Status added = add_edge(name, node, *graph_.mutable_input()); !added) return added;
      }
    }
    return {};
  }

  void add_initializer(const std::string& name) {
    const InitializerPlace place = model_.content().initializers.find(name)->second;
    if (place.sparse) {
      *graph_.add_sparse_initializer() = source_.sparse_initializer(place.position);
    } else {
      *graph_.add_initializer() = source_.initializer(place.position);
    }
  }

  Status add_outputs(const ModelNode& node) {
    for (const std::string& name : node.outputs) {
      if (name.empty() || !needed_outside_.contains(name)) continue;
      if (Status added = add_edge(name, node, *graph_.mutable_output()); !added) return added;
    }
    return {};
  }

  Status add_edge(const std::string& name, const ModelNode& node,
                  google::protobuf::RepeatedPtrField<onnx::ValueInfoProto>& edges) {
    if (!model_.is_tensor(name)) {
      return Error{ErrorCode::unsupported,
                   "'" + name + "' at " + described(node) +
                       " is a sequence, map or optional and cannot leave a segment; keep its producer and its readers together"};
    }
    const std::optional<TensorInfo> info = types_.of(name);
    if (!info) {
      return Error{ErrorCode::invalid_argument, "the element type of '" + name + "' at " + described(node) +
                                                    " is not known; run the model once and pass what was measured"};
    }
    *edges.Add() = value_info_of(*info);
    return {};
  }

  void add_value_info() {
    for (const onnx::ValueInfoProto& value : source_.value_info()) {
      if (produced_.contains(value.name()) && !needed_outside_.contains(value.name())) *graph_.add_value_info() = value;
    }
  }

  const Model& model_;
  const onnx::GraphProto& source_;
  std::vector<std::size_t> nodes_;  // ascending
  EdgeTypes types_;
  NameSet produced_;
  NameSet needed_outside_;
  NameSet read_;
  onnx::GraphProto graph_;
};

Result<std::vector<std::size_t>> positions(const Model& model, std::span<const NodeId> nodes) {
  std::vector<std::size_t> sorted;
  for (NodeId node : nodes) sorted.push_back(index(node));
  std::sort(sorted.begin(), sorted.end());
  const bool repeats = std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end();
  if (sorted.empty() || repeats || sorted.back() >= model.nodes().size()) {
    return Error{ErrorCode::invalid_argument, "a segment needs one or more nodes of the model, each once"};
  }
  return sorted;
}

// Everything of the model but its graph.
onnx::ModelProto without_graph(const onnx::ModelProto& source) {
  onnx::ModelProto proto;
  proto.set_ir_version(std::max(source.ir_version(), least_written_ir_version));
  *proto.mutable_opset_import() = source.opset_import();
  *proto.mutable_functions() = source.functions();
  *proto.mutable_metadata_props() = source.metadata_props();
  *proto.mutable_configuration() = source.configuration();
  proto.set_producer_name(source.producer_name());
  proto.set_producer_version(source.producer_version());
  proto.set_domain(source.domain());
  proto.set_model_version(source.model_version());
  proto.set_doc_string(source.doc_string());
  return proto;
}

}  // namespace

Result<Model> extract(const Model& model, std::span<const NodeId> nodes, std::span<const TensorInfo> types) {
  Result<std::vector<std::size_t>> sorted = positions(model, nodes);
  if (!sorted) return sorted.error();
  Result<onnx::GraphProto> graph = Extraction(model, *std::move(sorted), types).run();
  if (!graph) return graph.error();
  onnx::ModelProto proto = without_graph(model.content().proto);
  *proto.mutable_graph() = *std::move(graph);
  return model_from(std::move(proto));
}

}  // namespace staronnx
