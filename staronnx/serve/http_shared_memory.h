// What the paths of shared memory answer over HTTP. Private to this room.
#pragma once

#include <string>
#include <string_view>

#include "staronnx/serve/http_message.h"
#include "staronnx/serve/shared_memory.h"

namespace staronnx {

// `region`: its name; empty: all.
HttpAnswer shared_memory_status(const SharedMemory& memory, const std::string& region);

// `body`: {"key": "/frames", "offset": 0, "byte_size": 64}
HttpAnswer register_shared_memory(SharedMemory& memory, const std::string& region, std::string_view body);

HttpAnswer cuda_shared_memory_status(const SharedMemory& memory, const std::string& region);

// `body`: {"raw_handle": {"b64": "..."}, "device_id": 0, "byte_size": 64}
HttpAnswer register_cuda_shared_memory(SharedMemory& memory, const std::string& region, std::string_view body);

}  // namespace staronnx
