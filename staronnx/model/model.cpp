#include "staronnx/model/model.h"

#include <limits>
#include <utility>

#include "staronnx/base/write_file.h"
#include "staronnx/model/content.h"

namespace staronnx {

Model::Model(std::shared_ptr<const Content> content) : content_(std::move(content)) {}

const Signature& Model::signature() const {
  return content_->signature;
}

std::span<const ModelNode> Model::nodes() const {
  return content_->nodes;
}

bool Model::is_constant(std::string_view tensor) const {
  return is_initializer(tensor) && !content_->overridable.contains(tensor);
}

bool Model::is_initializer(std::string_view tensor) const {
  return content_->initializers.contains(tensor);
}

std::optional<TensorInfo> Model::tensor_info(std::string_view tensor) const {
  const auto found = content_->types.find(tensor);
  if (found == content_->types.end()) return std::nullopt;
  return found->second;
}

bool Model::is_tensor(std::string_view name) const {
  return !content_->non_tensors.contains(name);
}

Status Model::save(const std::filesystem::path& file) const {
  if (content_->proto.ByteSizeLong() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    return Error{ErrorCode::unsupported, "'" + file.string() +
                                             "' would have 2 GB or more, which protobuf does not write; keep the model's "
                                             "weights as external data"};
  }
  return write_file(file, content_->proto.SerializeAsString());
}

}  // namespace staronnx
