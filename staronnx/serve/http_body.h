// The bytes of an HTTP request, in memory of which tensors may keep their parts. Copies are the same bytes. Private to this room.
//
//   read straight off the socket:  JSON | tensor | tensor ..     the first tensor is aligned as tensors are, so that nothing is copied
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "staronnx/model/tensor.h"

namespace staronnx {

class HttpBody {
 public:
  HttpBody() = default;
  explicit HttpBody(std::string text);

  // Bytes are not set. The one at `aligned` is aligned as tensors are.
  static HttpBody for_overwrite(std::size_t size, std::size_t aligned);

  std::span<std::byte> bytes() { return {data_.get(), size_}; }
  std::string_view text() const { return {reinterpret_cast<const char*>(data_.get()), size_}; }
  std::size_t size() const { return size_; }

  // `part`, which is part of text(), as a tensor: these bytes, which nobody else may use any more, where they are aligned, or a copy.
  Tensor tensor(DataType type, Shape shape, std::string_view part) const;

 private:
  HttpBody(std::shared_ptr<std::byte> data, std::size_t size) : data_(std::move(data)), size_(size) {}

  std::shared_ptr<std::byte> data_;
  std::size_t size_ = 0;
};

}  // namespace staronnx
