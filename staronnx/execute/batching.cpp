#include "staronnx/execute/batching.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "staronnx/model/difference.h"

namespace staronnx {
namespace {

Error cannot(const std::string& why) {
  return Error{ErrorCode::invalid_argument, "requests cannot be batched: " + why};
}

bool is_floating(DataType type) {
  return type == DataType::float16 || type == DataType::bfloat16 || type == DataType::float32 || type == DataType::float64;
}

// Whether stacking `one` and `other` gives the shape of `batched`.
bool is_stack_of(const Shape& batched, const Shape& one, const Shape& other) {
  if (one.empty() || other.size() != one.size() || batched.size() != one.size() || batched[0] != one[0] + other[0]) return false;
  return std::equal(batched.begin() + 1, batched.end(), one.begin() + 1) &&
         std::equal(other.begin() + 1, other.end(), one.begin() + 1);
}

// Floating-point elements in reverse; of integers every second one is one less where that stays at 0 or above, so that tokens, indices
// and lengths stay valid.
Tensor another_like(const Tensor& tensor) {
  Tensor other = copy_of(tensor.view());
  const auto width = static_cast<std::size_t>(bits_of(tensor.type())) / 8;
  const std::span<std::byte> bytes = other.data();
  if (width == 0 || tensor.type() == DataType::boolean) return other;
  if (is_floating(tensor.type())) {
    for (std::size_t at = 0; at < bytes.size(); at += width) {
      std::memcpy(bytes.data() + at, tensor.data().data() + (bytes.size() - width - at), width);
    }
    return other;
  }
  for (std::size_t at = width; at < bytes.size(); at += 2 * width) {
    std::byte& lowest = bytes[at];  // little-endian
    if (const auto value = std::to_integer<unsigned>(lowest); value > 0 && value < 128) lowest = std::byte(value - 1);
  }
  return other;
}

Result<std::vector<Tensor>> outputs_of(Executor& executor, std::span<const Tensor> inputs) {
  std::vector<TensorView> views;
  for (const Tensor& input : inputs) views.push_back(input.view());
  std::vector<OutputSlot> outputs(executor.signature().outputs.size());
  if (Status ran = executor.run(views, outputs); !ran) return ran.error();
  std::vector<Tensor> tensors;
  for (const OutputSlot& output : outputs) tensors.push_back(copy_of(output.view));
  return tensors;
}

std::vector<Tensor> stacked_pairs(std::span<const Tensor> first, std::span<const Tensor> second) {
  std::vector<Tensor> pairs;
  for (std::size_t i = 0; i < first.size(); ++i) {
    const TensorView views[] = {first[i].view(), second[i].view()};
    pairs.push_back(first[i].type() == DataType::undefined ? Tensor() : stacked(views));
  }
  return pairs;
}

}  // namespace

Tensor stacked(std::span<const TensorView> tensors) {
  Shape shape(tensors[0].shape.begin(), tensors[0].shape.end());
  shape[0] = 0;
  std::size_t bytes = 0;
  for (const TensorView& tensor : tensors) shape[0] += tensor.shape[0], bytes += tensor.data.size();
  Tensor stack = Tensor::for_overwrite(tensors[0].type, std::move(shape), bytes);
  std::span<std::byte> rest = stack.data();
  for (const TensorView& tensor : tensors) {
    std::ranges::copy(tensor.data, rest.begin());
    rest = rest.subspan(tensor.data.size());
  }
  return stack;
}

Status check_batch_dimension(const Signature& signature) {
  for (const std::vector<TensorInfo>& tensors : {signature.inputs, signature.outputs}) {
    for (const TensorInfo& tensor : tensors) {
      const std::string who = "'" + tensor.name + "' ";
      if (tensor.optional) continue;
      if (tensor.any_shape) return cannot(who + "may have any shape");
      if (tensor.shape.empty()) return cannot(who + "has no dimensions");
      if (tensor.shape[0] != -1) return cannot("dimension 0 of " + who + "is fixed at " + std::to_string(tensor.shape[0]));
      if (bits_of(tensor.type) < 8) return cannot(who + "has elements that are not whole bytes");
    }
  }
  return {};
}

Status check_batching(Executor& executor, std::span<const Tensor> inputs) {
  const Signature& signature = executor.signature();
  if (Status fits = check_batch_dimension(signature); !fits) return fits;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (signature.inputs[i].optional && inputs[i].type() != DataType::undefined)
      return cannot("'" + signature.inputs[i].name + "' is one for all requests of a batch");
  }
  std::vector<Tensor> others;
  for (const Tensor& input : inputs) others.push_back(another_like(input));
  const auto one = outputs_of(executor, inputs), other = outputs_of(executor, others);
  const auto both = outputs_of(executor, stacked_pairs(inputs, others));
  for (const auto* outputs : {&one, &other, &both}) {
    if (!*outputs) return cannot(outputs->error().message);
  }
  for (std::size_t i = 0; i < both->size(); ++i) {
    const std::string& name = signature.outputs[i].name;
    const TensorView views[] = {(*one)[i].view(), (*other)[i].view()};
    if (!is_stack_of((*both)[i].shape(), (*one)[i].shape(), (*other)[i].shape()))
      return cannot("dimension 0 of '" + name + "' does not grow with the batch, or the others change");
    const Result<Difference> apart = difference((*both)[i].view(), stacked(views).view());
    if (!apart) return cannot(apart.error().message);
    if (!apart->equal) return cannot("'" + name + "' of a batch is not what its requests give one by one");
  }
  return {};
}

bool batch_pays(Microseconds each, Microseconds each_in_smaller) {
  constexpr double kWorthwhile = 0.03;
  return each < (1 - kWorthwhile) * each_in_smaller;
}

}  // namespace staronnx
