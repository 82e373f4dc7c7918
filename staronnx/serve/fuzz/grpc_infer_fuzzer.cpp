#include <grpcpp/support/slice.h>

#include <cstddef>
#include <cstdint>
#include <utility>

#include "staronnx/serve/grpc_infer.h"

// Any bytes are a request or refused.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const grpc::Slice slice(data, size);
  staronnx::Result<staronnx::GrpcRequest> request = staronnx::parse_infer_request(grpc::ByteBuffer(&slice, 1));
  if (request) static_cast<void>(staronnx::inference_of(*std::move(request)));
  return 0;
}
