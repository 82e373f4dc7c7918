#include "staronnx/serve/shared_tensors.h"

#include <climits>
#include <string>
#include <utility>

namespace staronnx {
namespace {

// As much as a message may have.
constexpr std::uint64_t kLargestShared = INT_MAX;

}  // namespace

Status read_shared(const SharedMemory& memory, std::vector<InferenceInput>& inputs) {
  for (InferenceInput& input : inputs) {
    if (!input.shared) continue;
    const Result<SharedBytes> bytes = memory.find(*input.shared);
    if (!bytes) return bytes.error();
    if (input.shared->byte_size > kLargestShared)
      return Error{ErrorCode::unsupported, "input '" + input.name + "' has " + std::to_string(input.shared->byte_size) +
                                               " bytes in shared memory; at most " + std::to_string(kLargestShared) +
                                               " are taken"};
    input.tensor = Tensor::for_overwrite(input.tensor.type(), input.tensor.shape(), input.shared->byte_size);
    if (Status read = bytes->read(input.tensor.data()); !read) return with_context("input '" + input.name + "'", read.error());
  }
  return {};
}

Result<std::vector<std::optional<SharedBytes>>> shared_outputs(const SharedMemory& memory,
                                                               const std::vector<RequestedOutput>& outputs) {
  std::vector<std::optional<SharedBytes>> shared;
  for (const RequestedOutput& output : outputs) {
    shared.emplace_back();
    if (!output.shared) continue;
    Result<SharedBytes> bytes = memory.find(*output.shared);
    if (!bytes) return bytes.error();
    shared.back() = *std::move(bytes);
  }
  return shared;
}

Status write_shared(const std::vector<std::optional<SharedBytes>>& shared, std::vector<InferenceOutput>& outputs) {
  for (std::size_t i = 0; i < shared.size(); ++i) {
    if (!shared[i]) continue;
    InferenceOutput& output = outputs[i];
    if (Status written = shared[i]->write(output.tensor.data); !written)
      return with_context("output '" + std::string(output.name) + "'", written.error());
    output.shared = true;
    output.tensor.data = {};
  }
  return {};
}

}  // namespace staronnx
