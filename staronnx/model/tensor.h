// Tensors as StarONNX passes them: a type, a shape and bytes in host memory, row-major, little-endian.
//
// Strings have the bytes of the KServe protocol: for each element a 4-byte little-endian length, then the characters. So every
// tensor is one block of bytes, whatever its type, and can cross a segment boundary or a socket as it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/base/units.h"

namespace staronnx {

// The values are ONNX's own (TensorProto.DataType).
enum class DataType : std::int32_t {
  undefined = 0,
  float32 = 1,
  uint8 = 2,
  int8 = 3,
  uint16 = 4,
  int16 = 5,
  int32 = 6,
  int64 = 7,
  string = 8,
  boolean = 9,
  float16 = 10,
  float64 = 11,
  uint32 = 12,
  uint64 = 13,
  complex64 = 14,
  complex128 = 15,
  bfloat16 = 16,
  float8e4m3fn = 17,
  float8e4m3fnuz = 18,
  float8e5m2 = 19,
  float8e5m2fnuz = 20,
  uint4 = 21,
  int4 = 22,
  float4e2m1 = 23,
  float8e8m0 = 24,
  uint2 = 25,
  int2 = 26,
};

std::string_view to_string(DataType type);  // "float32"

// The type that to_string() calls so; nothing for other words and for "undefined".
std::optional<DataType> data_type_named(std::string_view name);

// Bits of one element; 0 for strings (their size is in the data) and undefined.
int bits_of(DataType type);

using Shape = std::vector<std::int64_t>;  // a dimension of -1 is not known before the request

std::string to_string(std::span<const std::int64_t> shape);  // "1x3x224x224", "?x16", "scalar"

// Product of the dimensions; nothing when one is unknown, negative, or when the product overflows.
std::optional<std::int64_t> element_count(std::span<const std::int64_t> shape);

// Bytes of a tensor (packed for types under 8 bits). Nothing for strings, unknown dimensions, and overflow.
std::optional<Bytes> byte_size(DataType type, std::span<const std::int64_t> shape);

// A named place of a model: what may be bound there.
struct TensorInfo {
  std::string name = {};
  DataType type = DataType::undefined;
  Shape shape = {};                               // -1 where dynamic
  std::vector<std::string> dimension_names = {};  // as long as `shape`: the symbol of a dynamic dimension, or ""
  bool optional = false;                          // an input that has a default value (an initializer)
  bool any_shape = false;                         // not even the rank is known; `shape` is empty then, and means nothing

  bool operator==(const TensorInfo&) const = default;
};

// Borrowed tensor. The owner of the memory outlives it.
struct TensorView {
  DataType type = DataType::undefined;
  std::span<const std::int64_t> shape;
  std::span<const std::byte> data;
};

// Memory for tensors, aligned as theirs is. Its bytes are not set; null for none.
std::shared_ptr<std::byte> tensor_memory(std::size_t bytes);

// Owned tensor; the memory is 64-byte aligned. Copies have memory of their own.
class Tensor {
 public:
  static constexpr std::size_t kAlignment = 64;

  Tensor() = default;
  Tensor(DataType type, Shape shape, std::size_t bytes);  // bytes are zero
  // Bytes are not set: all of them must be written before they are read.
  static Tensor for_overwrite(DataType type, Shape shape, std::size_t bytes);
  // The bytes that begin at `data`, aligned as said, which nobody else writes meanwhile: part of a larger memory, which is kept as long as the
  // tensor, or, with a pointer that owns nothing, outlives it.
  static Tensor in_place(DataType type, Shape shape, std::shared_ptr<std::byte> data, std::size_t bytes);

  Tensor(const Tensor& other);
  Tensor& operator=(const Tensor& other);
  Tensor(Tensor&&) noexcept = default;
  Tensor& operator=(Tensor&&) noexcept = default;
  ~Tensor() = default;

  DataType type() const { return type_; }
  const Shape& shape() const { return shape_; }
  std::span<const std::byte> data() const { return {data_.get(), data_ ? bytes_ : 0}; }
  std::span<std::byte> data() { return {data_.get(), data_ ? bytes_ : 0}; }
  TensorView view() const { return {type_, shape_, data()}; }

  // The same bytes, seen as another type or in another shape.
  void see_as(DataType type, Shape shape) {
    type_ = type;
    shape_ = std::move(shape);
  }

 private:
  Tensor(DataType type, Shape shape, std::shared_ptr<std::byte> data, std::size_t bytes)
      : type_(type), shape_(std::move(shape)), data_(std::move(data)), bytes_(bytes) {}

  DataType type_ = DataType::undefined;
  Shape shape_;
  std::shared_ptr<std::byte> data_;
  std::size_t bytes_ = 0;  // at data_; none where that is null
};

Tensor copy_of(const TensorView& view);

// Fails, naming `what`, when the data does not have the size that type and shape say (strings: when the lengths do not add up).
Status check_size(std::string_view what, const TensorView& tensor);

}  // namespace staronnx
