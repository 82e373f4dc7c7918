#include "staronnx/serve/json_tensor.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <span>

#include "staronnx/serve/datatype_name.h"

namespace staronnx {
namespace {

using Json = nlohmann::json;

Error invalid(std::string message) {
  return {ErrorCode::invalid_argument, std::move(message)};
}

std::string shown(const Json& value) {
  if (value.is_structured()) return value.is_array() ? "a list" : "an object";
  return value.dump(-1, ' ', false, Json::error_handler_t::replace).substr(0, 40);
}

// ---- reading ----

std::int64_t count_elements(const Json& data) {
  if (!data.is_array()) return 1;
  std::int64_t count = 0;
  for (const Json& item : data) count += count_elements(item);
  return count;
}

// Calls `take` with each element in order until it refuses one; returns that one.
template <class Take>
const Json* first_refused(const Json& data, const Take& take) {
  if (!data.is_array()) return take(data) ? nullptr : &data;
  for (const Json& item : data) {
    if (const Json* refused = first_refused(item, take)) return refused;
  }
  return nullptr;
}

template <class T>
bool convert(const Json& value, T& to) {
  if constexpr (std::is_floating_point_v<T>) {
    if (!value.is_number()) return false;
    const double number = value.get<double>();
    to = static_cast<T>(number);
    return std::isfinite(to);
  } else if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    to = static_cast<T>(number);
    return number <= static_cast<std::uint64_t>(std::numeric_limits<T>::max());
  } else {
    if (!value.is_number_integer()) return false;
    const auto number = value.get<std::int64_t>();  // negative
    to = static_cast<T>(number);
    return std::is_signed_v<T> && number >= static_cast<std::int64_t>(std::numeric_limits<T>::min());
  }
}

// Where the next element goes.
template <class T>
const Json* fill(const Json& data, Tensor& tensor) {
  std::byte* to = tensor.data().data();
  return first_refused(data, [&](const Json& value) {
    T element{};
    if (!convert(value, element)) return false;
    std::memcpy(to, &element, sizeof element);
    to += sizeof element;
    return true;
  });
}

const Json* fill_booleans(const Json& data, Tensor& tensor) {
  std::byte* to = tensor.data().data();
  return first_refused(data, [&](const Json& value) {
    if (!value.is_boolean()) return false;
    *to++ = std::byte{value.get<bool>()};
    return true;
  });
}

const Json* fill_strings(const Json& data, Shape shape, Tensor& tensor) {
  std::size_t bytes = 0;
  const Json* refused = first_refused(data, [&](const Json& value) {
    if (!value.is_string()) return false;
    bytes += sizeof(std::uint32_t) + value.get_ref<const std::string&>().size();
    return true;
  });
  if (refused != nullptr) return refused;
  tensor = Tensor(DataType::string, std::move(shape), bytes);
  std::byte* to = tensor.data().data();
  return first_refused(data, [&](const Json& value) {
    const std::string& text = value.get_ref<const std::string&>();
    const auto length = static_cast<std::uint32_t>(text.size());
    std::memcpy(to, &length, sizeof length);
    std::memcpy(to + sizeof length, text.data(), text.size());
    to += sizeof length + text.size();
    return true;
  });
}

const Json* fill_any(const Json& data, const Shape& shape, Tensor& tensor) {
  switch (tensor.type()) {
    case DataType::boolean: return fill_booleans(data, tensor);
    case DataType::uint8: return fill<std::uint8_t>(data, tensor);
    case DataType::uint16: return fill<std::uint16_t>(data, tensor);
    case DataType::uint32: return fill<std::uint32_t>(data, tensor);
    case DataType::uint64: return fill<std::uint64_t>(data, tensor);
    case DataType::int8: return fill<std::int8_t>(data, tensor);
    case DataType::int16: return fill<std::int16_t>(data, tensor);
    case DataType::int32: return fill<std::int32_t>(data, tensor);
    case DataType::int64: return fill<std::int64_t>(data, tensor);
    case DataType::float32: return fill<float>(data, tensor);
    case DataType::float64: return fill<double>(data, tensor);
    case DataType::string: return fill_strings(data, shape, tensor);
    default: return &data;
  }
}

// ---- writing ----

template <class T>
void append_numbers(std::span<const std::byte> data, std::string& to) {
  char digits[32];
  for (std::size_t at = 0; at + sizeof(T) <= data.size(); at += sizeof(T)) {
    T value{};
    std::memcpy(&value, data.data() + at, sizeof value);
    if (at > 0) to += ',';
    if constexpr (std::is_floating_point_v<T>) {
      if (!std::isfinite(value)) {
        to += std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
        continue;
      }
    }
    const auto [end, problem] = std::to_chars(std::begin(digits), std::end(digits), value);
    to.append(digits, end);
    // JSON's readers take a number without point or exponent for an integer.
    if (std::is_floating_point_v<T> && std::string_view(digits, end).find_first_of(".e") == std::string_view::npos) to += ".0";
  }
}

void append_booleans(std::span<const std::byte> data, std::string& to) {
  for (std::size_t i = 0; i < data.size(); ++i) {
    if (i > 0) to += ',';
    to += data[i] == std::byte{0} ? "false" : "true";
  }
}

bool append_strings(std::span<const std::byte> data, std::string& to) {
  bool first = true;
  while (data.size() >= sizeof(std::uint32_t)) {
    std::uint32_t length = 0;
    std::memcpy(&length, data.data(), sizeof length);
    data = data.subspan(sizeof length);
    if (length > data.size()) return false;
    if (!first) to += ',';
    first = false;
    try {
      to += Json(std::string(reinterpret_cast<const char*>(data.data()), length)).dump();
    } catch (const Json::exception&) {  // no UTF-8
      return false;
    }
    data = data.subspan(length);
  }
  return true;
}

}  // namespace

Result<Tensor> tensor_from_json(const std::string& input, DataType type, Shape shape, const Json& data) {
  const std::string word(datatype_name(type));
  if (type == DataType::float16 || type == DataType::bfloat16)
    return invalid("receiving " + word + " data via JSON is not supported. Please use the binary data format for input '" +
                   input + "'");
  if (!data.is_array()) return invalid("input '" + input + "': 'data' must be a list, not " + shown(data));
  const std::int64_t wanted = element_count(shape).value_or(-1), given = count_elements(data);
  if (given != wanted)
    return invalid("input '" + input + "': 'data' has " + std::to_string(given) + " elements, but the shape has " +
                   std::to_string(wanted));
  Tensor tensor(type, shape, static_cast<std::size_t>(byte_size(type, shape).value_or(Bytes{}).count));
  const Json* refused = fill_any(data, shape, tensor);
  if (refused != nullptr)
    return invalid("input '" + input + "': 'data' has " + shown(*refused) + ", which is no element of type " + word);
  return tensor;
}

Status append_json(const std::string& output, const TensorView& tensor, std::string& to) {
  to += '[';
  switch (tensor.type) {
    case DataType::boolean: append_booleans(tensor.data, to); break;
    case DataType::uint8: append_numbers<std::uint8_t>(tensor.data, to); break;
    case DataType::uint16: append_numbers<std::uint16_t>(tensor.data, to); break;
    case DataType::uint32: append_numbers<std::uint32_t>(tensor.data, to); break;
    case DataType::uint64: append_numbers<std::uint64_t>(tensor.data, to); break;
    case DataType::int8: append_numbers<std::int8_t>(tensor.data, to); break;
    case DataType::int16: append_numbers<std::int16_t>(tensor.data, to); break;
    case DataType::int32: append_numbers<std::int32_t>(tensor.data, to); break;
    case DataType::int64: append_numbers<std::int64_t>(tensor.data, to); break;
    case DataType::float32: append_numbers<float>(tensor.data, to); break;
    case DataType::float64: append_numbers<double>(tensor.data, to); break;
    case DataType::string:
      if (!append_strings(tensor.data, to))
        return invalid("output '" + output + "' has strings that are no UTF-8. Please use the binary data format for it");
      break;
    default:
      return invalid("sending " + std::string(datatype_name(tensor.type)) +
                     " data via JSON is not supported. Please use the binary data format for output '" + output + "'");
  }
  to += ']';
  return {};
}

}  // namespace staronnx
