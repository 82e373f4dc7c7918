#include "staronnx/model/signature.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <numbers>
#include <optional>
#include <random>

namespace staronnx {
namespace {

Error invalid(std::string message) {
  return Error{ErrorCode::invalid_argument, std::move(message)};
}

std::optional<Shape> parse_dimensions(std::string_view text) {
  Shape shape;
  if (text.empty() || text == "scalar") return shape;
  while (true) {
    std::int64_t dimension = -1;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), dimension);
    if (problem != std::errc() || dimension < 0) return std::nullopt;
    shape.push_back(dimension);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.empty()) return shape;
    if (text.front() != 'x') return std::nullopt;
    text.remove_prefix(1);
  }
}

bool is_fixed(const TensorInfo& info) {
  return !info.any_shape && std::none_of(info.shape.begin(), info.shape.end(), [](std::int64_t d) { return d < 0; });
}

bool fits(const TensorInfo& info, std::span<const std::int64_t> shape) {
  if (info.any_shape) return true;
  return std::equal(info.shape.begin(), info.shape.end(), shape.begin(), shape.end(),
                    [](std::int64_t wanted, std::int64_t given) { return wanted < 0 || wanted == given; });
}

// "batch x 3 x ?" for people.
std::string dimensions_of(const TensorInfo& info) {
  if (info.any_shape) return "any shape";
  if (info.shape.empty()) return "scalar";
  std::string text;
  for (std::size_t i = 0; i < info.shape.size(); ++i) {
    if (i > 0) text += " x ";
    if (info.shape[i] >= 0) {
      text += std::to_string(info.shape[i]);
    } else {
      text += i < info.dimension_names.size() && !info.dimension_names[i].empty() ? info.dimension_names[i] : "?";
    }
  }
  return text;
}

// A shape to show in a question: 1 for a first dimension (mostly the batch) and 128 for others that are dynamic.
std::string example_shape(const TensorInfo& info) {
  Shape shape = info.shape;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] < 0) shape[i] = i == 0 ? 1 : 128;
  }
  return info.any_shape ? "1" : to_string(shape);
}

Error question(std::span<const TensorInfo* const> unknown) {
  std::string text;
  std::string options;
  for (const TensorInfo* info : unknown) {
    text += "input '" + info->name + "' has dynamic dimensions (" + dimensions_of(*info) + "); ";
    options += " --shape " + info->name + ':' + example_shape(*info);
  }
  return invalid(text + "say the shape to plan for, for example" + options);
}

Status check_names(const Signature& signature, const ShapesByName& given) {
  for (const auto& entry : given) {
    const auto has_name = [&](const TensorInfo& info) { return info.name == entry.first; };
    if (std::any_of(signature.inputs.begin(), signature.inputs.end(), has_name)) continue;
    std::string names;
    for (const TensorInfo& info : signature.inputs) names += (names.empty() ? "'" : ", '") + info.name + "'";
    return invalid("'" + entry.first + "' is no input of the model; its inputs are " + (names.empty() ? "none" : names));
  }
  return {};
}

// IEEE 754 binary16, rounded to nearest; for magnitudes that a standard normal distribution gives.
std::uint16_t to_float16(float value) {
  const std::uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  const float magnitude = std::abs(value);
  if (magnitude < 0x1p-14F) return sign | static_cast<std::uint16_t>(std::lround(magnitude * 0x1p24F));
  int exponent = 0;
  const float fraction = std::frexp(magnitude, &exponent);  // in [0.5, 1)
  const long mantissa = std::lround(fraction * 2048.0F);    // in [1024, 2048]
  return sign | static_cast<std::uint16_t>(((exponent + 13) << 10) + mantissa);
}

std::uint16_t to_bfloat16(float value) {
  return static_cast<std::uint16_t>((std::bit_cast<std::uint32_t>(value) + 0x8000U) >> 16);
}

// Standard normal numbers, the same from every standard library (std::normal_distribution is not).
class Normal {
 public:
  explicit Normal(unsigned seed) : bits_(seed) {}

  double next() {
    const double radius = std::sqrt(-2.0 * std::log(uniform()));
    return radius * std::cos(2.0 * std::numbers::pi * uniform());
  }

 private:
  double uniform() { return (static_cast<double>(bits_()) + 1.0) * 0x1p-32; }  // in (0, 1]

  std::mt19937 bits_;
};

template <class T, class Next>
void fill(std::span<std::byte> data, Next next) {
  for (std::size_t at = 0; at + sizeof(T) <= data.size(); at += sizeof(T)) {
    const T value = next();
    std::memcpy(data.data() + at, &value, sizeof value);
  }
}

void fill_random(Tensor& tensor, Normal& normal) {
  const std::span<std::byte> data = tensor.data();
  const auto one = [&](auto value) { fill<decltype(value)>(data, [&] { return value; }); };
  switch (tensor.type()) {
    case DataType::undefined:
    case DataType::string: return;  // zero lengths: empty strings
    case DataType::float32:
    case DataType::complex64: return fill<float>(data, [&] { return static_cast<float>(normal.next()); });
    case DataType::float64:
    case DataType::complex128: return fill<double>(data, [&] { return normal.next(); });
    case DataType::float16: return fill<std::uint16_t>(data, [&] { return to_float16(static_cast<float>(normal.next())); });
    case DataType::bfloat16: return fill<std::uint16_t>(data, [&] { return to_bfloat16(static_cast<float>(normal.next())); });
    case DataType::float8e4m3fn: return one(std::uint8_t{0x38});  // 1.0, as in the following
    case DataType::float8e4m3fnuz: return one(std::uint8_t{0x40});
    case DataType::float8e5m2: return one(std::uint8_t{0x3c});
    case DataType::float8e5m2fnuz: return one(std::uint8_t{0x40});
    case DataType::float8e8m0: return one(std::uint8_t{0x7f});
    case DataType::float4e2m1: return one(std::uint8_t{0x22});
    case DataType::uint4:
    case DataType::int4: return one(std::uint8_t{0x11});
    case DataType::uint2:
    case DataType::int2: return one(std::uint8_t{0x55});
    case DataType::uint8:
    case DataType::int8:
    case DataType::boolean: return one(std::uint8_t{1});
    case DataType::uint16:
    case DataType::int16: return one(std::uint16_t{1});
    case DataType::uint32:
    case DataType::int32: return one(std::uint32_t{1});
    case DataType::uint64:
    case DataType::int64: return one(std::uint64_t{1});
  }
}

std::size_t bytes_needed(DataType type, const Shape& shape) {
  constexpr std::uint64_t empty_string = sizeof(std::uint32_t);
  if (type == DataType::string) return static_cast<std::size_t>(element_count(shape).value_or(0)) * empty_string;
  return byte_size(type, shape).value_or(Bytes{}).count;
}

Status check_input(const TensorInfo& info, const TensorView& tensor) {
  if (tensor.type == DataType::undefined) {
    if (info.optional) return {};
    return invalid("input '" + info.name + "' is missing; give it as " + std::string(to_string(info.type)) + " of " +
                   dimensions_of(info));
  }
  if (tensor.type != info.type) {
    return invalid("input '" + info.name + "' is " + std::string(to_string(tensor.type)) + "; the model takes " +
                   std::string(to_string(info.type)));
  }
  if (!fits(info, tensor.shape)) {
    return invalid("input '" + info.name + "' has shape " + to_string(tensor.shape) + "; the model takes " + dimensions_of(info));
  }
  return check_size("input '" + info.name + "'", tensor);
}

}  // namespace

Result<std::pair<std::string, Shape>> parse_shape(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) {
    return invalid("'" + std::string(text) + "' is no shape; write NAME:DIMENSIONS, for example input:1x3x224x224");
  }
  std::optional<Shape> shape = parse_dimensions(text.substr(colon + 1));
  if (!shape) {
    return invalid("'" + std::string(text.substr(colon + 1)) + "' in '" + std::string(text) +
                   "' is no shape; write sizes with x between them, for example 1x3x224x224");
  }
  return std::pair(std::string(text.substr(0, colon)), *std::move(shape));
}

Result<std::vector<Shape>> concrete_shapes(const Signature& signature, const ShapesByName& given) {
  if (Status known = check_names(signature, given); !known) return known.error();
  std::vector<Shape> shapes;
  std::vector<const TensorInfo*> unknown;
  for (const TensorInfo& info : signature.inputs) {
    const auto found = given.find(info.name);
    if (found != given.end() && !fits(info, found->second)) {
      return invalid("--shape " + info.name + ':' + to_string(found->second) + " does not fit input '" + info.name + "' (" +
                     dimensions_of(info) + ")");
    }
    if (found == given.end() && !is_fixed(info) && !info.optional) unknown.push_back(&info);
    shapes.push_back(found != given.end() ? found->second : info.shape);
  }
  if (!unknown.empty()) return question(unknown);
  return shapes;
}

std::vector<Tensor> random_inputs(const Signature& signature, std::span<const Shape> shapes, unsigned seed) {
  Normal normal(seed);
  std::vector<Tensor> tensors;
  for (std::size_t i = 0; i < signature.inputs.size(); ++i) {
    const TensorInfo& info = signature.inputs[i];
    if (info.optional) {
      tensors.emplace_back();
      continue;
    }
    fill_random(tensors.emplace_back(info.type, shapes[i], bytes_needed(info.type, shapes[i])), normal);
  }
  return tensors;
}

Status check_inputs(const Signature& signature, std::span<const TensorView> inputs) {
  if (inputs.size() != signature.inputs.size()) {
    return invalid("the model has " + std::to_string(signature.inputs.size()) + " inputs, " + std::to_string(inputs.size()) +
                   " were given");
  }
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (Status checked = check_input(signature.inputs[i], inputs[i]); !checked) return checked;
  }
  return {};
}

}  // namespace staronnx
