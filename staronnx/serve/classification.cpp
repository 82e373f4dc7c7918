#include "staronnx/serve/classification.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <vector>

#include "staronnx/serve/datatype_name.h"

namespace staronnx {
namespace {

// NaN is no class.
template <class T>
bool greater(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(a) || std::isnan(b)) return !std::isnan(a) && std::isnan(b);
  }
  return a > b;
}

template <class T>
std::vector<std::string> best_of(std::span<const std::byte> data, std::size_t k, std::span<const std::string> labels) {
  std::vector<T> values(data.size() / sizeof(T));
  std::memcpy(values.data(), data.data(), values.size() * sizeof(T));
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto first = [&](std::size_t a, std::size_t b) {
    return greater(values[a], values[b]) || (!greater(values[b], values[a]) && a < b);
  };
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(k), order.end(), first);
  std::vector<std::string> best;
  for (std::size_t i = 0; i < k; ++i) {
    std::string text = std::to_string(values[order[i]]) + ":" + std::to_string(order[i]);
    if (order[i] < labels.size()) text += ":" + labels[order[i]];
    best.push_back(std::move(text));
  }
  return best;
}

using BestOf = std::vector<std::string> (*)(std::span<const std::byte>, std::size_t, std::span<const std::string>);

BestOf best_of_type(DataType type) {
  switch (type) {
    case DataType::uint8: return best_of<std::uint8_t>;
    case DataType::uint16: return best_of<std::uint16_t>;
    case DataType::uint32: return best_of<std::uint32_t>;
    case DataType::uint64: return best_of<std::uint64_t>;
    case DataType::int8: return best_of<std::int8_t>;
    case DataType::int16: return best_of<std::int16_t>;
    case DataType::int32: return best_of<std::int32_t>;
    case DataType::int64: return best_of<std::int64_t>;
    case DataType::float32: return best_of<float>;
    case DataType::float64: return best_of<double>;
    default: return nullptr;
  }
}

Tensor strings(Shape shape, const std::vector<std::string>& values) {
  std::size_t bytes = 0;
  for (const std::string& value : values) bytes += sizeof(std::uint32_t) + value.size();
  Tensor tensor(DataType::string, std::move(shape), bytes);
  std::byte* to = tensor.data().data();
  for (const std::string& value : values) {
    const auto length = static_cast<std::uint32_t>(value.size());
    std::memcpy(to, &length, sizeof length);
    std::memcpy(to + sizeof length, value.data(), value.size());
    to += sizeof length + value.size();
  }
  return tensor;
}

}  // namespace

Result<Tensor> classify(const std::string& output, const TensorView& tensor, std::uint32_t classes, bool batched,
                        std::span<const std::string> labels) {
  const BestOf best = best_of_type(tensor.type);
  if (best == nullptr)
    return Error{ErrorCode::invalid_argument, "class result not available for output '" + output + "' due to unsupported type '" +
                                                  std::string(datatype_name(tensor.type)) + "'"};
  const std::size_t rows = batched && !tensor.shape.empty() ? static_cast<std::size_t>(tensor.shape[0]) : 1;
  const std::size_t row_bytes = rows == 0 ? 0 : tensor.data.size() / rows;
  const std::size_t elements = row_bytes * 8 / static_cast<std::size_t>(bits_of(tensor.type));
  const std::size_t k = std::min<std::size_t>(classes, elements);
  std::vector<std::string> values;
  for (std::size_t row = 0; row < rows; ++row) {
    std::vector<std::string> of_row = best(tensor.data.subspan(row * row_bytes, row_bytes), k, labels);
    std::ranges::move(of_row, std::back_inserter(values));
  }
  const auto wide = static_cast<std::int64_t>(k);
  return strings(batched ? Shape{static_cast<std::int64_t>(rows), wide} : Shape{wide}, values);
}

}  // namespace staronnx
