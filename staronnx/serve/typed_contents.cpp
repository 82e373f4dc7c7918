#include "staronnx/serve/typed_contents.h"

#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "staronnx/serve/datatype_name.h"

namespace staronnx {
namespace {

using inference::InferTensorContents;

Error invalid(std::string message) {
  return {ErrorCode::invalid_argument, std::move(message)};
}

template <class T, class List>
Result<Tensor> numbers(const List& list, DataType type) {
  const auto count = static_cast<std::size_t>(list.size());
  Tensor tensor(type, {list.size()}, count * sizeof(T));
  std::byte* to = tensor.data().data();
  for (const auto value : list) {
    const T element = static_cast<T>(value);
    if (static_cast<decltype(value + 0)>(element) != value && value == value)
      return invalid("the value " + std::to_string(value) + " does not fit " + std::string(datatype_name(type)));
    std::memcpy(to, &element, sizeof element);
    to += sizeof element;
  }
  return tensor;
}

Result<Tensor> strings(const google::protobuf::RepeatedPtrField<std::string>& list) {
  std::size_t bytes = 0;
  for (const std::string& value : list) bytes += sizeof(std::uint32_t) + value.size();
  Tensor tensor(DataType::string, {list.size()}, bytes);
  std::byte* to = tensor.data().data();
  for (const std::string& value : list) {
    const auto length = static_cast<std::uint32_t>(value.size());
    std::memcpy(to, &length, sizeof length);
    std::memcpy(to + sizeof length, value.data(), value.size());
    to += sizeof length + value.size();
  }
  return tensor;
}

Result<Tensor> list_for(const InferTensorContents& contents, DataType type) {
  switch (type) {
    case DataType::boolean: return numbers<bool>(contents.bool_contents(), type);
    case DataType::int8: return numbers<std::int8_t>(contents.int_contents(), type);
    case DataType::int16: return numbers<std::int16_t>(contents.int_contents(), type);
    case DataType::int32: return numbers<std::int32_t>(contents.int_contents(), type);
    case DataType::int64: return numbers<std::int64_t>(contents.int64_contents(), type);
    case DataType::uint8: return numbers<std::uint8_t>(contents.uint_contents(), type);
    case DataType::uint16: return numbers<std::uint16_t>(contents.uint_contents(), type);
    case DataType::uint32: return numbers<std::uint32_t>(contents.uint_contents(), type);
    case DataType::uint64: return numbers<std::uint64_t>(contents.uint64_contents(), type);
    case DataType::float32: return numbers<float>(contents.fp32_contents(), type);
    case DataType::float64: return numbers<double>(contents.fp64_contents(), type);
    case DataType::string: return strings(contents.bytes_contents());
    default: return invalid(std::string(datatype_name(type)) + " has no list of contents; send it in raw_input_contents");
  }
}

int elements_in(const InferTensorContents& contents) {
  return contents.bool_contents_size() + contents.int_contents_size() + contents.int64_contents_size() +
         contents.uint_contents_size() + contents.uint64_contents_size() + contents.fp32_contents_size() +
         contents.fp64_contents_size() + contents.bytes_contents_size();
}

}  // namespace

Result<Tensor> tensor_of(const InferTensorContents& contents, DataType type) {
  Result<Tensor> tensor = list_for(contents, type);
  if (tensor && tensor->shape()[0] != elements_in(contents))
    return invalid("contents has elements in another list than that for " + std::string(datatype_name(type)));
  return tensor;
}

}  // namespace staronnx
