#include "staronnx/model/tensor_proto.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "onnx/onnx-ml.pb.h"

namespace staronnx {
namespace {

using onnx::TensorProto;

Error invalid(std::string message) {
  return Error{ErrorCode::invalid_argument, std::move(message)};
}

// The low bytes of each value: `bytes` of them (packed types under 8 bits have one byte per value).
template <class Values>
std::string low_bytes(const Values& values, std::size_t bytes) {
  std::string data;
  for (const auto& value : values) data.append(reinterpret_cast<const char*>(&value), bytes);
  return data;
}

std::string with_lengths(const google::protobuf::RepeatedPtrField<std::string>& strings) {
  std::string data;
  for (const std::string& text : strings) {
    const auto length = static_cast<std::uint32_t>(text.size());
    data.append(reinterpret_cast<const char*>(&length), sizeof length).append(text);
  }
  return data;
}

// The content of whichever field holds this type.
std::string data_of(const TensorProto& proto, DataType type) {
  if (type == DataType::string) return with_lengths(proto.string_data());
  if (proto.has_raw_data()) return proto.raw_data();
  switch (type) {
    case DataType::float32:
    case DataType::complex64: return low_bytes(proto.float_data(), sizeof(float));
    case DataType::float64:
    case DataType::complex128: return low_bytes(proto.double_data(), sizeof(double));
    case DataType::int64: return low_bytes(proto.int64_data(), sizeof(std::int64_t));
    case DataType::uint32:
    case DataType::uint64: return low_bytes(proto.uint64_data(), static_cast<std::size_t>(bits_of(type) / 8));
    default: return low_bytes(proto.int32_data(), static_cast<std::size_t>(std::max(bits_of(type), 8) / 8));
  }
}

}  // namespace

Result<Tensor> parse_tensor_proto(std::span<const std::byte> content) {
  if (content.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
    return invalid("2 GB or more is too much for protobuf; save it as .npy");
  TensorProto proto;
  if (!proto.ParseFromArray(content.data(), static_cast<int>(content.size())))
    return invalid("no ONNX TensorProto, or cut short");
  const auto type = static_cast<DataType>(proto.data_type());
  if (type != DataType::string && bits_of(type) == 0) {
    return Error{ErrorCode::unsupported, "the ONNX type number " + std::to_string(proto.data_type()) + " is no tensor type here"};
  }
  if (proto.data_location() == TensorProto::EXTERNAL || proto.has_segment()) {
    return Error{ErrorCode::unsupported, "the data is in another file; save it with the data inside"};
  }
  const std::string data = data_of(proto, type);
  const Shape shape(proto.dims().begin(), proto.dims().end());
  const TensorView tensor{type, shape, std::as_bytes(std::span(data))};
  if (Status checked = check_size("the tensor", tensor); !checked) return checked.error();
  return copy_of(tensor);
}

Result<std::string> tensor_proto_of(const TensorView& tensor) {
  TensorProto proto;
  proto.set_data_type(static_cast<std::int32_t>(tensor.type));
  proto.mutable_dims()->Add(tensor.shape.begin(), tensor.shape.end());
  if (tensor.type == DataType::string) {
    for (std::span<const std::byte> rest = tensor.data; !rest.empty();) {
      std::uint32_t length = 0;
      std::memcpy(&length, rest.data(), sizeof length);
      proto.add_string_data(rest.data() + sizeof length, length);
      rest = rest.subspan(sizeof length + length);
    }
  } else {
    proto.set_raw_data(tensor.data.data(), tensor.data.size());
  }
  if (proto.ByteSizeLong() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    return Error{ErrorCode::unsupported, "2 GB or more is too much for protobuf; write it as .npy"};
  }
  return proto.SerializeAsString();
}

}  // namespace staronnx
