#include "staronnx/plan/study.h"

#include "staronnx/execute/batching.h"
#include "staronnx/execute/prepare_model.h"

namespace staronnx {
namespace {

// For the nodes' times of a model that is not cut: only its drawing shows them. ResNet-50 is ready to be served after 3 s instead of 8 s.
constexpr Seconds kNothingToCut{0.3};

// The model as ONNX Runtime simplifies it, every node named, on disk as `whole_file` with its weights beside it.
Result<Model> simplified(const std::filesystem::path& file, const Signature& signature, const std::filesystem::path& directory) {
  if (Status written = write_basic_model(file, directory, whole_file, kWeightsFile); !written) return written.error();
  Result<Model> basic = Model::load(directory / whole_file);
  if (!basic) return basic;
  Result<Model> named = normalized(*basic, signature);
  if (!named) return named;
  if (Status saved = named->save(directory / whole_file); !saved) return saved.error();
  return named;
}

// Whether the costs are this model's.
Status check_costs(const CostProfile& costs, const Model& model, const std::string& hash) {
  if (costs.model_hash == hash && costs.node_time.front().size() == model.nodes().size()) return {};
  return Error{ErrorCode::invalid_argument, "the costs given are those of another model (sha256 " +
                                                costs.model_hash.substr(0, 12) + "); take costs.json from a plan of this one"};
}

Error explained_by(bool made_up_inputs, const Error& failed_run) {
  if (!made_up_inputs) return failed_run;
  return {failed_run.code, failed_run.message + " (the inputs were made up; give real ones to measure with: --input NAME=FILE)"};
}

}  // namespace

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

Result<Study> study(const Machine& machine, const CompileRequest& request, const Signature& original, std::vector<Tensor> inputs,
                    const std::string& hash, const std::filesystem::path& directory) {
  request.progress("simplifying " + request.model.filename().string(), 0.05);
  Result<Model> model = simplified(request.model, original, directory);
  if (!model) return model.error();
  Result<Graph> graph = graph_of(*model);
  if (!graph) return graph.error();
  if (request.costs) {
    if (Status fits = check_costs(*request.costs, *model, hash); !fits) return fits.error();
    return Study{*std::move(model), *std::move(graph), std::move(inputs), *request.costs, request.inputs.empty()};
  }
  ProfileRequest profile{directory / whole_file, &*model, hash, std::move(inputs), request.widths, request.fresh};
  if (request.segments.empty() && request.splits.empty()) profile.budget = kNothingToCut;
  Result<CostProfile> costs = profile_of(machine, profile, request.cache,
                                         [&](const std::string& what, double done) { request.progress(what, 0.1 + 0.5 * done); });
  if (!costs) return explained_by(request.inputs.empty(), costs.error());
  return Study{*std::move(model), *std::move(graph), std::move(profile.inputs), *std::move(costs), request.inputs.empty()};
}

Microseconds Study::time_of(const GraphNode& node, std::size_t width) const {
  Microseconds time{};
  for (NodeId member : node.members) time += costs.node_time[width][index(member)];
  return time;
}

std::map<std::string, Tensor> Study::named_inputs(int batch) const {
  std::map<std::string, Tensor> named;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].type() == DataType::undefined) continue;
    const std::vector<TensorView> requests(static_cast<std::size_t>(batch), inputs[i].view());
    named[model.signature().inputs[i].name] = batch == 1 ? inputs[i] : stacked(requests);
  }
  return named;
}

std::vector<TensorView> input_views(const Signature& signature, const std::map<std::string, Tensor>& tensors) {
  std::vector<TensorView> views;
  for (const TensorInfo& input : signature.inputs) {
    const auto found = tensors.find(input.name);
    views.push_back(found == tensors.end() ? TensorView{} : found->second.view());
  }
  return views;
}

Error Study::explained(const Error& failed_run) const {
  return explained_by(made_up_inputs, failed_run);
}

Weights Study::weights() const {
  Weights weights;
  for (const GraphNode& node : graph.nodes()) weights.of_node.push_back(time_of(node).count());
  for (const GraphTensor& tensor : graph.tensors()) weights.of_tensor.push_back(costs.bytes_of(tensor.name).count);
  return weights;
}

}  // namespace staronnx
