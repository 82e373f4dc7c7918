#include "staronnx/serve/ensemble_graph.h"

#include <algorithm>
#include <map>
#include <utility>

#include "staronnx/base/topological_order.h"
#include "staronnx/serve/config_type.h"
#include "staronnx/serve/datatype_name.h"
#include "staronnx/serve/proto/model_config.pb.h"

namespace staronnx {
namespace {

using Wire = EnsembleGraph::Wire;
using Step = EnsembleGraph::Step;

class Tensors {
 public:
  std::size_t operator[](const std::string& name) {
    const auto [at, added] = numbers_.emplace(name, names.size());
    if (added) names.push_back(name);
    return at->second;
  }
  std::vector<std::string> names;

 private:
  std::map<std::string, std::size_t> numbers_;
};

// In the order of their names, as the map has none.
template <class Map>
std::vector<Wire> wires_of(const Map& map, Tensors& tensors) {
  std::vector<Wire> wires;
  for (const auto& [name, tensor] : std::map<std::string, std::string>(map.begin(), map.end()))
    wires.push_back({name, tensors[tensor]});
  return wires;
}

bool reads(const Step& step, std::span<const Wire> written) {
  return std::ranges::any_of(written,
                             [&](const Wire& wire) { return std::ranges::count(step.inputs, wire.tensor, &Wire::tensor) > 0; });
}

std::vector<Step> in_order(const std::vector<Step>& steps) {
  Successors successors(steps.size());
  for (std::size_t from = 0; from < steps.size(); ++from) {
    for (std::size_t to = 0; to < steps.size(); ++to) {
      if (reads(steps[to], steps[from].outputs)) successors[from].push_back(to);
    }
  }
  std::vector<Step> ordered;
  for (const std::size_t step : topological_order(successors)) ordered.push_back(steps[step]);
  return ordered;
}

template <class Tensor>
TensorInfo info_of(const Tensor& tensor, bool batches) {
  TensorInfo info{tensor.name(), type_of_config(tensor.data_type())};
  if (batches) info.shape.push_back(-1);
  const auto& dims = tensor.has_reshape() ? tensor.reshape().shape() : tensor.dims();
  info.shape.insert(info.shape.end(), dims.begin(), dims.end());
  info.dimension_names.resize(info.shape.size());
  return info;
}

const TensorInfo* find(const std::vector<TensorInfo>& tensors, const std::string& name) {
  const auto found = std::ranges::find(tensors, name, &TensorInfo::name);
  return found == tensors.end() ? nullptr : &*found;
}

// What somebody says of a tensor of the ensemble.
struct Said {
  const TensorInfo* info = nullptr;
  bool batches = false;
  std::string by = {};  // "output 'y' of model 'm'"

  std::span<const std::int64_t> dims() const { return std::span(info->shape).subspan(batches ? 1 : 0); }
};

bool may_agree(std::span<const std::int64_t> one, std::span<const std::int64_t> other) {
  return std::ranges::equal(one, other, [](std::int64_t a, std::int64_t b) { return a < 0 || b < 0 || a == b; });
}

Status check_agree(const std::string& tensor, const Said& writer, const Said& reader) {
  const auto differ = [&](const std::string& one, const std::string& other) {
    return Error{ErrorCode::invalid_argument,
                 "tensor '" + tensor + "' is " + one + " as " + writer.by + ", but " + other + " as " + reader.by};
  };
  if (writer.info->type != reader.info->type)
    return differ(std::string(datatype_name(writer.info->type)), std::string(datatype_name(reader.info->type)));
  if (writer.info->any_shape || reader.info->any_shape || may_agree(writer.dims(), reader.dims()) ||
      may_agree(writer.info->shape, reader.info->shape))
    return {};
  return differ(shape_text(writer.info->shape), shape_text(reader.info->shape));
}

std::string names_of(const std::vector<TensorInfo>& tensors) {
  std::string names;
  for (const TensorInfo& tensor : tensors) names += (names.empty() ? "'" : ", '") + tensor.name + "'";
  return names.empty() ? "none" : names;
}

Error no_such(std::string_view kind, const Wire& wire, const ExpectedRequest& model, const std::vector<TensorInfo>& tensors) {
  return {ErrorCode::invalid_argument,
          "'" + wire.name + "' is no " + std::string(kind) + " of model '" + model.model + "'; it has " + names_of(tensors)};
}

Said said_by(const TensorInfo& info, std::string_view kind, const ExpectedRequest& model) {
  return {&info, model.max_batch_size > 0, std::string(kind) + " '" + info.name + "' of model '" + model.model + "'"};
}

Status check_step(const EnsembleGraph& graph, const Step& step, const ExpectedRequest& model, std::vector<Said>& written) {
  for (const TensorInfo& input : model.signature.inputs) {
    if (!input.optional && std::ranges::count(step.inputs, input.name, &Wire::name) == 0)
      return Error{ErrorCode::invalid_argument,
                   "input '" + input.name + "' of model '" + model.model + "' is mapped to no tensor; write it in input_map"};
  }
  for (const Wire& wire : step.inputs) {
    const TensorInfo* input = find(model.signature.inputs, wire.name);
    if (input == nullptr) return no_such("input", wire, model, model.signature.inputs);
    if (Status agree = check_agree(graph.tensors[wire.tensor], written[wire.tensor], said_by(*input, "input", model)); !agree)
      return agree;
  }
  for (const Wire& wire : step.outputs) {
    const TensorInfo* output = find(model.signature.outputs, wire.name);
    if (output == nullptr) return no_such("output", wire, model, model.signature.outputs);
    written[wire.tensor] = said_by(*output, "output", model);
  }
  return {};
}

}  // namespace

EnsembleGraph graph_of(const inference::ModelConfig& config) {
  EnsembleGraph graph;
  Tensors tensors;
  for (const inference::ModelInput& input : config.input()) tensors[input.name()];
  for (const inference::ModelEnsembling::Step& written : config.ensemble_scheduling().step()) {
    std::optional<std::int64_t> version;
    if (written.model_version() > 0) version = written.model_version();
    graph.steps.push_back({static_cast<int>(graph.steps.size()), written.model_name(), version,
                           wires_of(written.input_map(), tensors), wires_of(written.output_map(), tensors)});
  }
  graph.steps = in_order(graph.steps);
  for (const inference::ModelOutput& output : config.output()) graph.outputs.push_back(tensors[output.name()]);
  graph.tensors = std::move(tensors.names);
  return graph;
}

std::string called(const EnsembleGraph::Step& step) {
  return "ensemble_scheduling.step[" + std::to_string(step.position) + "]";
}

Signature signature_of(const inference::ModelConfig& config) {
  const bool batches = config.max_batch_size() > 0;
  Signature signature;
  for (const inference::ModelInput& input : config.input()) {
    signature.inputs.push_back(info_of(input, batches));
    signature.inputs.back().optional = input.optional();
  }
  for (const inference::ModelOutput& output : config.output()) signature.outputs.push_back(info_of(output, batches));
  return signature;
}

Status check_models(const EnsembleGraph& graph, const ExpectedRequest& ensemble, std::span<const ExpectedRequest> models) {
  std::vector<Said> written(graph.tensors.size());
  for (std::size_t i = 0; i < ensemble.signature.inputs.size(); ++i)
    written[i] = said_by(ensemble.signature.inputs[i], "input", ensemble);
  for (std::size_t i = 0; i < models.size(); ++i) {
    const ExpectedRequest& model = models[i];
    if (model.max_batch_size > 0 && model.max_batch_size < ensemble.max_batch_size)
      return Error{ErrorCode::invalid_argument, "max_batch_size is " + std::to_string(ensemble.max_batch_size) + ", but " +
                                                    called(graph.steps[i]) + " has model '" + model.model + "', which takes " +
                                                    std::to_string(model.max_batch_size) + " at most; write no more than that"};
    if (Status fits = check_step(graph, graph.steps[i], model, written); !fits)
      return with_context(called(graph.steps[i]), fits.error());
  }
  for (std::size_t i = 0; i < graph.outputs.size(); ++i) {
    const std::size_t tensor = graph.outputs[i];
    const Said wanted = said_by(ensemble.signature.outputs[i], "output", ensemble);
    if (Status agree = check_agree(graph.tensors[tensor], written[tensor], wanted); !agree) return agree;
  }
  return {};
}

Shape handed_over(Shape shape, const TensorInfo& wanted) {
  if (wanted.any_shape || fits(wanted.shape, shape)) return shape;
  Shape other = shape;
  if (shape.size() < wanted.shape.size())
    other.insert(other.begin(), 1);
  else if (!shape.empty() && shape.front() == 1)
    other.erase(other.begin());
  return fits(wanted.shape, other) ? other : shape;
}

}  // namespace staronnx
