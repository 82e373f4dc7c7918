#include "staronnx/bench/request_data.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <type_traits>

namespace staronnx {
namespace {

using nlohmann::json;

constexpr int kDepth = 32;  // of nested lists

Error invalid(const std::string& what) {
  return {ErrorCode::invalid_argument, what};
}

using Elements = std::vector<const json*>;

// Row-major. False where lists are nested too deeply.
bool flatten(const json& data, int depth, Elements& elements) {
  if (!data.is_array()) {
    elements.push_back(&data);
    return true;
  }
  return depth < kDepth && std::ranges::all_of(data, [&](const json& part) { return flatten(part, depth + 1, elements); });
}

template <class T>
bool holds(const json& element) {
  if (std::is_same_v<T, bool>) return element.is_boolean();
  if (std::is_floating_point_v<T>) return element.is_number();
  if (element.is_number_unsigned())
    return element.get<std::uint64_t>() <= static_cast<std::uint64_t>(std::numeric_limits<T>::max());
  return element.is_number_integer() && std::is_signed_v<T> &&
         element.get<std::int64_t>() >= static_cast<std::int64_t>(std::numeric_limits<T>::min());
}

template <class T>
std::optional<Tensor> tensor_of(DataType type, const Shape& shape, const Elements& elements) {
  if (!std::ranges::all_of(elements, [](const json* element) { return holds<T>(*element); })) return std::nullopt;
  Tensor tensor(type, shape, elements.size() * sizeof(T));
  std::byte* to = tensor.data().data();
  for (const json* element : elements) {
    const T value = element->get<T>();
    std::memcpy(to, &value, sizeof(T));
    to += sizeof(T);
  }
  return tensor;
}

std::optional<Tensor> tensor_of_strings(const Shape& shape, const Elements& elements) {
  std::string bytes;
  for (const json* element : elements) {
    if (!element->is_string()) return std::nullopt;
    const auto& text = element->get_ref<const std::string&>();
    const auto length = static_cast<std::uint32_t>(text.size());
    bytes.append(reinterpret_cast<const char*>(&length), sizeof(length)).append(text);
  }
  Tensor tensor(DataType::string, shape, bytes.size());
  std::ranges::copy(std::as_bytes(std::span(bytes)), tensor.data().begin());
  return tensor;
}

std::optional<Tensor> tensor_of(DataType type, const Shape& shape, const Elements& elements) {
  switch (type) {
    case DataType::float32: return tensor_of<float>(type, shape, elements);
    case DataType::float64: return tensor_of<double>(type, shape, elements);
    case DataType::int8: return tensor_of<std::int8_t>(type, shape, elements);
    case DataType::int16: return tensor_of<std::int16_t>(type, shape, elements);
    case DataType::int32: return tensor_of<std::int32_t>(type, shape, elements);
    case DataType::int64: return tensor_of<std::int64_t>(type, shape, elements);
    case DataType::uint8: return tensor_of<std::uint8_t>(type, shape, elements);
    case DataType::uint16: return tensor_of<std::uint16_t>(type, shape, elements);
    case DataType::uint32: return tensor_of<std::uint32_t>(type, shape, elements);
    case DataType::uint64: return tensor_of<std::uint64_t>(type, shape, elements);
    case DataType::boolean: return tensor_of<bool>(type, shape, elements);
    case DataType::string: return tensor_of_strings(shape, elements);
    default: return std::nullopt;
  }
}

Result<Shape> shape_of(const TensorInfo& input, const json& data, const ShapesByName& given) {
  if (data.is_object() && data.contains("shape")) {
    const json& shape = data["shape"];
    const auto size = [](const json& dimension) { return dimension.is_number_unsigned() && holds<std::int64_t>(dimension); };
    if (!shape.is_array() || !std::ranges::all_of(shape, size)) return invalid("its shape is no list of sizes");
    return shape.get<Shape>();
  }
  if (const auto found = given.find(input.name); found != given.end()) return found->second;
  if (!input.any_shape && std::ranges::find(input.shape, -1) == input.shape.end()) return input.shape;
  return invalid("its shape " + to_string(input.shape) + " is open; add \"shape\" there, or --shape " + input.name + ":..");
}

Result<Tensor> input_in(const TensorInfo& input, const json& data, const ShapesByName& given) {
  if (data.is_object() && !data.contains("content")) return invalid("there is no \"content\"; b64 is not read");
  Result<Shape> shape = shape_of(input, data, given);
  if (!shape) return shape.error();
  Elements elements;
  if (!flatten(data.is_object() ? data["content"] : data, 0, elements)) return invalid("its lists are nested too deeply");
  const std::optional<std::int64_t> expected = element_count(*shape);
  if (!expected || elements.size() != static_cast<std::uint64_t>(*expected))
    return invalid("it has " + std::to_string(elements.size()) + " elements, which are not a tensor of " + to_string(*shape));
  std::optional<Tensor> tensor = tensor_of(input.type, *shape, elements);
  if (!tensor)
    return invalid("an element is not of type " + std::string(to_string(input.type)) + ", or that type is not read from JSON");
  return *std::move(tensor);
}

Result<std::vector<Tensor>> request_in(const json& request, const Signature& signature, const ShapesByName& given) {
  if (!request.is_object()) return invalid("it is no object of inputs");
  for (const auto& [name, data] : request.items())
    if (std::ranges::find(signature.inputs, name, &TensorInfo::name) == signature.inputs.end())
      return invalid("the model has no input '" + name + "'");
  std::vector<Tensor> tensors;
  for (const TensorInfo& input : signature.inputs) {
    const auto data = request.find(input.name);
    if (data == request.end()) {
      if (!input.optional) return invalid("input '" + input.name + "' is missing");
      tensors.emplace_back();
      continue;
    }
    Result<Tensor> tensor = input_in(input, *data, given);
    if (!tensor) return with_context("input '" + input.name + "'", tensor.error());
    tensors.push_back(*std::move(tensor));
  }
  return tensors;
}

}  // namespace

std::vector<Tensor> zero_inputs(const Signature& signature, std::span<const Shape> shapes) {
  std::vector<Tensor> tensors;
  for (std::size_t i = 0; i < signature.inputs.size(); ++i) {
    const TensorInfo& input = signature.inputs[i];
    if (input.optional) {
      tensors.emplace_back();
      continue;
    }
    const std::int64_t elements = element_count(shapes[i]).value_or(0);
    const Bytes bytes =
        byte_size(input.type, shapes[i]).value_or(Bytes{4 * static_cast<std::uint64_t>(elements)});  // lengths of strings
    tensors.emplace_back(input.type, shapes[i], bytes.count);
  }
  return tensors;
}

Result<Requests> requests_in(const std::string& text, const Signature& signature, const ShapesByName& given) {
  const json all = json::parse(text, nullptr, false);
  if (!all.is_object() || !all.contains("data") || !all["data"].is_array())
    return invalid("it is no JSON of the form {\"data\": [..]}");
  std::vector<const json*> entries;
  for (const json& entry : all["data"]) {
    if (!entry.is_array()) entries.push_back(&entry);
    if (entry.is_array())
      for (const json& step : entry) entries.push_back(&step);
  }
  if (entries.empty()) return invalid("its \"data\" is empty");
  Requests requests;
  for (const json* entry : entries) {
    Result<std::vector<Tensor>> request = request_in(*entry, signature, given);
    if (!request) return with_context("request " + std::to_string(requests.size() + 1), request.error());
    requests.push_back(*std::move(request));
  }
  return requests;
}

}  // namespace staronnx
