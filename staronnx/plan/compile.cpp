#include "staronnx/plan/compile.h"

#include <algorithm>

#include "staronnx/base/write_file.h"
#include "staronnx/execute/prepare_model.h"
#include "staronnx/graph/graph.h"
#include "staronnx/model/model.h"
#include "staronnx/plan/plan_directory.h"
#include "staronnx/plan/segment_costs.h"
#include "staronnx/profile/cost_profile.h"

namespace staronnx {
namespace {

constexpr const char* whole_file = "whole.onnx";
constexpr const char* weights_file = "weights.data";

// What is known of the model once it stands in the plan's directory.
struct Sources {
  Model model;
  Graph graph;
  std::vector<Tensor> inputs;  // to measure with
  CostProfile costs;
};

// The model as ONNX Runtime simplifies it, every node named, on disk as `whole_file` with its weights beside it.
Result<Model> simplified(const std::filesystem::path& file, const Signature& signature, const std::filesystem::path& directory) {
  if (Status written = write_basic_model(file, directory, whole_file, weights_file); !written) return written.error();
  Result<Model> basic = Model::load(directory / whole_file);
  if (!basic) return basic;
  Result<Model> named = normalized(*basic, signature);
  if (!named) return named;
  if (Status saved = named->save(directory / whole_file); !saved) return saved.error();
  return named;
}

// Tensors to measure with: the caller's, or random ones of the shapes that were asked for.
Result<std::vector<Tensor>> inputs_of(const CompileRequest& request, const Signature& signature) {
  if (!request.inputs.empty()) {
    std::vector<TensorView> views;
    for (const Tensor& input : request.inputs) views.push_back(input.view());
    if (Status fits = check_inputs(signature, views); !fits) return fits.error();
    return request.inputs;
  }
  Result<std::vector<Shape>> shapes = concrete_shapes(signature, request.shapes);
  if (!shapes) return shapes.error();
  return random_inputs(signature, *shapes, request.seed);
}

Result<Sources> study(const Machine& machine, const CompileRequest& request, const Signature& signature, std::vector<Tensor> inputs,
                      const std::string& hash, const std::filesystem::path& directory) {
  request.progress("simplifying " + request.model.filename().string(), 0.05);
  Result<Model> model = simplified(request.model, signature, directory);
  if (!model) return model.error();
  Result<Graph> graph = graph_of(*model);
  if (!graph) return graph.error();
  ProfileRequest profile{directory / whole_file, &*model, hash, std::move(inputs), request.widths};
  Result<CostProfile> costs = profile_of(machine, profile, request.cache, [&](const std::string& what, double done) {
    request.progress(what, 0.1 + 0.5 * done);
  });
  if (!costs && request.inputs.empty()) {
    return Error{costs.error().code, costs.error().message + " (the inputs were made up; give real ones to measure with: --input NAME=FILE)"};
  }
  if (!costs) return costs.error();
  return Sources{*std::move(model), *std::move(graph), std::move(profile.inputs), *std::move(costs)};
}

Microseconds time_of(const GraphNode& node, const CostProfile& costs) {
  Microseconds time{};
  for (NodeId member : node.members) time += costs.node_time[0][index(member)];
  return time;
}

Weights weights_of(const Sources& sources) {
  Weights weights;
  for (const GraphNode& node : sources.graph.nodes()) weights.of_node.push_back(time_of(node, sources.costs).count());
  for (const GraphTensor& tensor : sources.graph.tensors()) weights.of_tensor.push_back(sources.costs.bytes_of(tensor.name).count);
  return weights;
}

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
  Segment segment{file, model.nodes().size(), {}, {}, {"cpu"}, {}};
  for (const TensorInfo& input : model.signature().inputs) segment.inputs.push_back(input.name);
  for (const TensorInfo& output : model.signature().outputs) segment.outputs.push_back(output.name);
  return segment;
}

Result<Variant> build_variant(const Sources& sources, const Shares& shares, const std::filesystem::path& directory, unsigned seed) {
  const std::size_t k = shares.of_work.size();
  const Weights weights = weights_of(sources);
  Result<Partition> cut = partition(sources.graph, weights, shares, seed);
  if (!cut) return cut.error();
  const CutQuality quality = quality_of(sources.graph, weights, shares, *cut);
  Variant variant{"k" + std::to_string(k), shares.of_work, quality.work, quality.cut, {}, {}};
  for (SegmentId segment : cut->of_node) variant.node_segment.push_back(index(segment));
  for (std::size_t s = 0; s < k; ++s) {
    Result<Model> segment = extract(sources.model, members_of(sources.graph, *cut, s), types_of(sources.costs));
    if (!segment) return segment.error();
    const std::string file = variant.name + "-" + std::to_string(s + 1) + ".onnx";
    if (Status saved = segment->save(directory / file); !saved) return saved.error();
    variant.segments.push_back(described(file, *segment));
  }
  return variant;
}

Variant whole_variant(const Sources& sources) {
  return {"whole", {1.0}, {1.0}, Bytes{}, {described(whole_file, sources.model)}, std::vector<std::size_t>(sources.graph.nodes().size())};
}

std::vector<PlanNode> plan_nodes(const Sources& sources) {
  std::vector<PlanNode> nodes;
  for (const GraphNode& node : sources.graph.nodes()) nodes.push_back({node.label, time_of(node, sources.costs), {}});
  for (const GraphTensor& tensor : sources.graph.tensors()) {
    for (NodeId consumer : tensor.consumers) {
      std::vector<std::size_t>& reads = nodes[index(consumer)].reads;
      if (std::find(reads.begin(), reads.end(), index(tensor.producer)) == reads.end()) reads.push_back(index(tensor.producer));
    }
  }
  return nodes;
}

// Every tensor at a segment's edge, with the size it had in the measured runs.
std::map<std::string, PlanTensor> edge_tensors(const Sources& sources, const std::vector<Variant>& variants) {
  std::map<std::string, TensorInfo> known = sources.costs.tensors;
  for (std::size_t i = 0; i < sources.inputs.size(); ++i) {
    TensorInfo info = sources.model.signature().inputs[i];
    info.shape = sources.costs.shapes[i];
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

}  // namespace

Result<Plan> compile(const Machine& machine, Engine& engine, const CompileRequest& request) {
  Result<Model> original = Model::load(request.model);
  if (!original) return original.error();
  Result<std::vector<Tensor>> tensors = inputs_of(request, original->signature());
  if (!tensors) return tensors.error();
  Result<std::string> hash = hash_of(request.model);
  if (!hash) return hash.error();
  Result<StagedDirectory> directory = StagedDirectory::beside(request.directory);
  if (!directory) return directory.error();

  Result<Sources> sources = study(machine, request, original->signature(), *std::move(tensors), *hash, directory->path());
  if (!sources) return with_context("'" + request.model.string() + "'", sources.error());
  Plan plan{request.model.filename().string(), *hash, machine.id(), sources->costs.engine, sources->model.signature(),
            sources->costs.shapes, {}, plan_nodes(*sources), {whole_variant(*sources)}};
  for (const Shares& shares : request.splits) {
    if (request.leave_out_impossible && shares.of_work.size() > sources->graph.nodes().size()) continue;
    request.progress("cutting into " + std::to_string(shares.of_work.size()), 0.6);
    Result<Variant> variant = build_variant(*sources, shares, directory->path(), request.seed);
    if (!variant) return variant.error();
    plan.variants.push_back(*std::move(variant));
  }
  plan.tensors = edge_tensors(*sources, plan.variants);

  const auto progress = [&](const std::string& what, double done) { request.progress(what, 0.65 + 0.3 * done); };
  const MeasuredInputs inputs{&plan.signature, std::move(sources->inputs)};
  Status measured = measure_segments(machine, engine, directory->path(), inputs, request.widths, request.cache, plan, progress);
  if (!measured) return measured.error();
  if (Status written = write_file(directory->path() / "plan.json", to_json(plan)); !written) return written.error();
  if (Status placed = directory->commit(); !placed) return placed.error();
  request.progress("plan ready", 1.0);
  return plan;
}

}  // namespace staronnx
