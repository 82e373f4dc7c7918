#include "staronnx/serve/config_completion.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "staronnx/serve/config_type.h"
#include "staronnx/serve/request_check.h"

namespace staronnx {
namespace {

Error invalid(std::string message) {
  return {ErrorCode::invalid_argument, std::move(message)};
}

std::string names_of(const std::vector<TensorInfo>& tensors) {
  std::string names;
  for (const TensorInfo& tensor : tensors) names += (names.empty() ? "'" : ", '") + tensor.name + "'";
  return names.empty() ? "none" : names;
}

// One kind of tensors of one model.
struct Side {
  std::string_view kind;  // "input"
  const std::vector<TensorInfo>& model;
  int max_batch_size;
};

std::string called(const Side& side, const TensorInfo& info) {
  return std::string(side.kind) + " '" + info.name + "'";
}

// The batch dimension is not among a configuration's dims.
Status check_batch_dimension(const Side& side, const TensorInfo& info) {
  if (side.max_batch_size == 0 || info.any_shape || (!info.shape.empty() && info.shape[0] < 0)) return {};
  return invalid("max_batch_size is " + std::to_string(side.max_batch_size) + ", but the first dimension of " +
                 called(side, info) + ' ' + shape_text(info.shape) +
                 " is fixed in the model; export it dynamic, or set max_batch_size 0");
}

Status complete_type(const Side& side, const TensorInfo& info, inference::DataType given, inference::DataType& type) {
  type = config_type_of(info.type);
  if (type == inference::TYPE_INVALID)
    return Error{ErrorCode::unsupported, called(side, info) + " is " + std::string(to_string(info.type)) +
                                             ", which the protocol has no word for; cast it in the model"};
  if (given == inference::TYPE_INVALID || given == type) return {};
  return invalid(called(side, info) + " has data_type " + inference::DataType_Name(given) + ", but in the model it is " +
                 inference::DataType_Name(type) + "; write that, or remove the field");
}

Status check_shape(const Side& side, const TensorInfo& info, Shape given) {
  if (info.any_shape) return {};
  if (side.max_batch_size > 0) given.insert(given.begin(), -1);
  const bool fits = std::ranges::equal(
      info.shape, given, [](std::int64_t in_model, std::int64_t in_config) { return in_model < 0 || in_model == in_config; });
  if (fits) return {};
  return invalid(called(side, info) + " has shape " + shape_text(given) +
                 (side.max_batch_size > 0 ? ", the batch before its dims," : "") + " by the configuration, but " +
                 shape_text(info.shape) + " in the model; write the model's, or remove dims");
}

template <class Tensor>
Status complete_tensor(const Side& side, const TensorInfo& info, Tensor& tensor) {
  inference::DataType type = inference::TYPE_INVALID;
  if (Status checked = complete_type(side, info, tensor.data_type(), type); !checked) return checked;
  tensor.set_data_type(type);
  if (Status checked = check_batch_dimension(side, info); !checked) return checked;
  if (tensor.dims().empty()) {
    const Shape own =
        info.any_shape ? Shape{-1} : Shape(info.shape.begin() + (side.max_batch_size > 0 ? 1 : 0), info.shape.end());
    tensor.mutable_dims()->Assign(own.begin(), own.end());
    return {};
  }
  const auto& given = tensor.has_reshape() ? tensor.reshape().shape() : tensor.dims();
  return check_shape(side, info, Shape(given.begin(), given.end()));
}

template <class Tensors>
Status complete_listed(const Side& side, Tensors& tensors) {
  for (auto& tensor : tensors) {
    const auto info = std::ranges::find(side.model, tensor.name(), &TensorInfo::name);
    if (info == side.model.end())
      return invalid("'" + tensor.name() + "' is no " + std::string(side.kind) + " of the model; it has " + names_of(side.model));
    if (Status completed = complete_tensor(side, *info, tensor); !completed) return completed;
  }
  return {};
}

template <class Tensors>
void list(const std::vector<TensorInfo>& model, Tensors& tensors) {
  for (const TensorInfo& info : model) {
    const bool listed = std::ranges::any_of(tensors, [&](const auto& tensor) { return tensor.name() == info.name; });
    if (!listed && !info.optional) tensors.Add()->set_name(info.name);
  }
}

}  // namespace

Status complete_tensors(const Signature& model, inference::ModelConfig& config) {
  const Side inputs{"input", model.inputs, config.max_batch_size()};
  const Side outputs{"output", model.outputs, config.max_batch_size()};
  list(model.inputs, *config.mutable_input());
  if (config.output().empty()) list(model.outputs, *config.mutable_output());
  if (Status completed = complete_listed(inputs, *config.mutable_input()); !completed) return completed;
  if (Status completed = complete_listed(outputs, *config.mutable_output()); !completed) return completed;
  for (const inference::ModelInput& input : config.input()) {
    const TensorInfo& info = *std::ranges::find(model.inputs, input.name(), &TensorInfo::name);
    if (input.optional() && !info.optional)
      return invalid("input '" + input.name() +
                     "' is optional by the configuration, but the model has no default value for it; remove the field");
  }
  return {};
}

}  // namespace staronnx
