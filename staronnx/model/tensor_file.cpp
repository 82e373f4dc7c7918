#include "staronnx/model/tensor_file.h"

#include <optional>
#include <utility>

#include "staronnx/base/read_file.h"
#include "staronnx/base/write_file.h"
#include "staronnx/model/npy.h"
#include "staronnx/model/tensor_proto.h"

namespace staronnx {
namespace {

Error unknown_extension(const std::string& name) {
  return Error{ErrorCode::unsupported, name + " is neither .npy nor .pb; give it the extension of its format"};
}

Result<std::string> content_of(const std::filesystem::path& file) {
  std::optional<std::string> content = read_file(file);
  if (!content || !std::filesystem::is_regular_file(file)) {
    return Error{ErrorCode::not_found, "'" + file.string() + "' cannot be read; is it there, and a file?"};
  }
  return *std::move(content);
}

}  // namespace

Result<Tensor> read_tensor(const std::filesystem::path& file) {
  const std::string name = "'" + file.string() + "'";
  const bool is_npy = file.extension() == ".npy";
  if (!is_npy && file.extension() != ".pb") return unknown_extension(name);
  const Result<std::string> content = content_of(file);
  if (!content) return content.error();
  const std::span<const std::byte> bytes = std::as_bytes(std::span(*content));
  Result<Tensor> tensor = is_npy ? parse_npy(bytes) : parse_tensor_proto(bytes);
  if (!tensor) return with_context(name, tensor.error());
  return tensor;
}

Status write_tensor(const std::filesystem::path& file, const TensorView& tensor) {
  const std::string name = "'" + file.string() + "'";
  const bool is_npy = file.extension() == ".npy";
  if (!is_npy && file.extension() != ".pb") return unknown_extension(name);
  if (Status checked = check_size(name, tensor); !checked) return checked;
  const Result<std::string> content = is_npy ? npy_of(tensor) : tensor_proto_of(tensor);
  if (!content) return with_context(name, content.error());
  return write_file(file, *content);
}

}  // namespace staronnx
