#include "staronnx/plan/variants.h"

#include <algorithm>
#include <system_error>

namespace staronnx {
namespace {

std::vector<TensorInfo> types_of(const CostProfile& costs) {
  std::vector<TensorInfo> types;
  for (const auto& [name, info] : costs.tensors) types.push_back(info);
  return types;
}

std::vector<NodeId> members_of(const Graph& graph, const Partition& partition, std::size_t segment) {
  std::vector<NodeId> members;
  for (std::size_t node = 0; node < graph.nodes().size(); ++node) {
    const std::vector<NodeId>& more = graph.nodes()[node].members;
    if (index(partition.of_node[node]) == segment) members.insert(members.end(), more.begin(), more.end());
  }
  return members;
}

Segment described(const std::string& file, const Model& model) {
  Segment segment{file, model.nodes().size(), {}, {}, {"cpu"}};
  for (const TensorInfo& input : model.signature().inputs) segment.inputs.push_back(input.name);
  for (const TensorInfo& output : model.signature().outputs) segment.outputs.push_back(output.name);
  return segment;
}

}  // namespace

Result<Variant> build_variant(const Study& study, const std::string& name, const Partition& cut, const Shares& shares,
                              const std::filesystem::path& directory) {
  const CutQuality quality = quality_of(study.graph, study.weights(), shares, cut);
  Variant variant{name, shares.of_work, quality.work, quality.cut, {}, {}};
  for (SegmentId segment : cut.of_node) variant.node_segment.push_back(index(segment));
  for (std::size_t s = 0; s < cut.segments; ++s) {
    Result<Model> segment = extract(study.model, members_of(study.graph, cut, s), types_of(study.costs));
    if (!segment) return segment.error();
    const std::string file = name + "-" + std::to_string(s + 1) + ".onnx";
    if (Status saved = segment->save(directory / file); !saved) return saved.error();
    variant.segments.push_back(described(file, *segment));
  }
  return variant;
}

void remove_variant(const Variant& variant, const std::filesystem::path& directory) {
  std::error_code ignored;  // what stays is not part of the plan, and the directory is a new one
  for (const Segment& segment : variant.segments) std::filesystem::remove(directory / segment.file, ignored);
}

Variant whole_variant(const Study& study) {
  return {
      "whole", {1.0}, {1.0}, Bytes{}, {described(whole_file, study.model)}, std::vector<std::size_t>(study.graph.nodes().size())};
}

void add_up_times(const Study& study, std::vector<Variant>& variants) {
  for (Variant& variant : variants) {
    for (Segment& segment : variant.segments) segment.cpu_time = {};
    for (std::size_t w = 0; w < study.costs.widths.size(); ++w) {
      for (std::size_t node = 0; node < variant.node_segment.size(); ++node) {
        Segment& segment = variant.segments[variant.node_segment[node]];
        segment.cpu_time.alone[study.costs.widths[w]] += study.time_of(study.graph.nodes()[node], w);
      }
    }
    for (Segment& segment : variant.segments) segment.cpu_time.busy = segment.cpu_time.alone;
  }
}

std::vector<PlanNode> plan_nodes(const Study& study) {
  std::vector<PlanNode> nodes;
  for (const GraphNode& node : study.graph.nodes()) nodes.push_back({node.label, study.time_of(node), {}});
  for (const GraphTensor& tensor : study.graph.tensors()) {
    for (NodeId consumer : tensor.consumers) {
      std::vector<std::size_t>& reads = nodes[index(consumer)].reads;
      if (std::find(reads.begin(), reads.end(), index(tensor.producer)) == reads.end()) reads.push_back(index(tensor.producer));
    }
  }
  return nodes;
}

// Every tensor at a segment's edge, with the size it had in the measured runs.
std::map<std::string, PlanTensor> edge_tensors(const Study& study, const std::vector<Variant>& variants) {
  std::map<std::string, TensorInfo> known = study.costs.tensors;
  for (std::size_t i = 0; i < study.inputs.size(); ++i) {
    TensorInfo info = study.model.signature().inputs[i];
    info.shape = study.costs.shapes[i];
    known[info.name] = info;
  }
  std::map<std::string, PlanTensor> tensors;
  for (const Variant& variant : variants) {
    for (const Segment& segment : variant.segments) {
      for (const std::vector<std::string>& names : {segment.inputs, segment.outputs}) {
        for (const std::string& name : names) {
          TensorInfo& info = known[name];
          info.name = name;
          info.dimension_names.assign(info.shape.size(), "");
          tensors[name] = {info, byte_size(info.type, info.shape).value_or(Bytes{})};
        }
      }
    }
  }
  return tensors;
}

}  // namespace staronnx
