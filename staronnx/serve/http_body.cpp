#include "staronnx/serve/http_body.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace staronnx {

HttpBody::HttpBody(std::string text) : size_(text.size()) {
  const auto owner = std::make_shared<std::string>(std::move(text));
  data_ = {owner, reinterpret_cast<std::byte*>(owner->data())};
}

HttpBody HttpBody::for_overwrite(std::size_t size, std::size_t aligned) {
  const std::size_t before = (Tensor::kAlignment - aligned % Tensor::kAlignment) % Tensor::kAlignment;
  const std::shared_ptr<std::byte> memory = tensor_memory(before + size);
  return {{memory, memory.get() + before}, size};
}

Tensor HttpBody::tensor(DataType type, Shape shape, std::string_view part) const {
  std::byte* const begin = data_.get() + (part.data() - text().data());
  if (reinterpret_cast<std::uintptr_t>(begin) % Tensor::kAlignment == 0)
    return Tensor::in_place(type, std::move(shape), {data_, begin}, part.size());
  Tensor tensor = Tensor::for_overwrite(type, std::move(shape), part.size());
  std::copy_n(begin, part.size(), tensor.data().begin());
  return tensor;
}

}  // namespace staronnx
