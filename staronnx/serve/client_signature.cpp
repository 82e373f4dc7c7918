#include "staronnx/serve/client_signature.h"

#include <algorithm>
#include <utility>

#include "staronnx/serve/proto/model_config.pb.h"
#include "staronnx/serve/request_check.h"
#include "staronnx/serve/reshape.h"

namespace staronnx {
namespace {

template <class Dims>
Shape with_batch(const Dims& dims, bool batches) {
  Shape shape(dims.begin(), dims.end());
  if (batches) shape.insert(shape.begin(), -1);
  return shape;
}

}  // namespace

template <class Tensor>
void ClientSignature::add(const Tensor& listed, bool batches, const std::vector<TensorInfo>& model,
                          std::vector<TensorInfo>& infos, std::vector<Way>& ways) {
  const auto own = std::ranges::find(model, listed.name(), &TensorInfo::name);
  TensorInfo info = *own;
  Way way{static_cast<std::size_t>(own - model.begin()), {}, listed.has_reshape()};
  way.model_shape = with_batch(listed.has_reshape() ? listed.reshape().shape() : listed.dims(), batches);
  const bool says_nothing = listed.dims_size() == 1 && listed.dims(0) == -1 && !listed.has_reshape();
  info.any_shape = own->any_shape && says_nothing;
  if (!info.any_shape) {
    info.shape = with_batch(listed.dims(), batches);
    info.dimension_names.resize(info.shape.size());
  }
  infos.push_back(std::move(info));
  ways.push_back(std::move(way));
}

ClientSignature::ClientSignature(const ModelConfig& config, const Signature& model) : model_inputs_(model.inputs.size()) {
  const inference::ModelConfig& message = config.message();
  const bool batches = message.max_batch_size() > 0;
  for (const inference::ModelInput& input : message.input()) {
    add(input, batches, model.inputs, clients_.inputs, inputs_);
    clients_.inputs.back().optional = input.optional();
  }
  listed_inputs_ = clients_.inputs.size();
  for (std::size_t i = 0; i < model.inputs.size(); ++i) {
    if (std::ranges::find(inputs_, i, &Way::in_model) != inputs_.end()) continue;
    clients_.inputs.push_back(model.inputs[i]);
    inputs_.push_back({i, model.inputs[i].shape, false});
  }
  for (const inference::ModelOutput& output : message.output()) add(output, batches, model.outputs, clients_.outputs, outputs_);
}

std::vector<Tensor> ClientSignature::to_model(std::vector<Tensor> inputs) const {
  std::vector<Tensor> model(model_inputs_);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    Tensor& tensor = inputs[i];
    const Way& way = inputs_[i];
    if (way.reshaped && tensor.type() != DataType::undefined)
      tensor.see_as(tensor.type(), reshaped(tensor.shape(), clients_.inputs[i].shape, way.model_shape));
    model[way.in_model] = std::move(tensor);
  }
  return model;
}

Result<TensorView> ClientSignature::output(std::size_t position, std::span<const TensorView> of_model, Shape& shape) const {
  const TensorInfo& info = clients_.outputs[position];
  const Way& way = outputs_[position];
  TensorView tensor = of_model[way.in_model];
  if (info.any_shape) return tensor;
  if (!fits(way.model_shape, tensor.shape))
    return Error{ErrorCode::internal, "unexpected shape for output '" + info.name + "': the configuration says " +
                                          shape_text(way.model_shape) + ", the model gave " + shape_text(tensor.shape)};
  if (!way.reshaped) return tensor;
  shape = reshaped(tensor.shape, way.model_shape, info.shape);
  tensor.shape = shape;
  return tensor;
}

}  // namespace staronnx
