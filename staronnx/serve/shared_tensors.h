// Tensors of a request that are in shared memory. Private to this room.
#pragma once

#include <optional>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/serve/inference.h"
#include "staronnx/serve/shared_memory.h"

namespace staronnx {

// Gives the inputs that are in shared memory their bytes. Errors name the input; unsupported: it has more than a message may have.
Status read_shared(const SharedMemory& memory, std::vector<InferenceInput>& inputs);

// Where outputs are to be written, by requested output.
Result<std::vector<std::optional<SharedBytes>>> shared_outputs(const SharedMemory& memory,
                                                               const std::vector<RequestedOutput>& outputs);

// Writes the outputs that go there, and takes their bytes out of `outputs`.
Status write_shared(const std::vector<std::optional<SharedBytes>>& shared, std::vector<InferenceOutput>& outputs);

}  // namespace staronnx
