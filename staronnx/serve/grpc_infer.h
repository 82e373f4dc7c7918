// Inference requests and answers as gRPC carries them. Pure; private to this room.
//
// A request's tensors are copied once, from what came off the wire into their own memory; an answer's go onto the wire from the memory that the
// model wrote, where they are long and that can be kept (InferenceResponse::keep). What came is in pieces of 64 KiB at most that begin where
// the network cut them: of 496 messages of 91 to 48,030 bytes 8 had their tensor whole and aligned, so none is looked for there.
#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/serve/inference.h"
#include "staronnx/serve/proto/grpc_service.pb.h"

namespace staronnx {

// A message, of which nothing is checked but that it is one.
struct GrpcRequest {
  inference::ModelInferRequest head;  // without raw_input_contents
  std::vector<Tensor> raw;            // those: bytes, each in one dimension
};

// Fails (invalid_argument) when `message` is no ModelInferRequest.
Result<GrpcRequest> parse_infer_request(const grpc::ByteBuffer& message);

// Errors are invalid_argument, in the words that clients look for, and unsupported.
Result<InferenceRequest> inference_of(GrpcRequest request);

// That a stream's client asked for it: the answer says that it is the last one to its request.
bool wants_final_mark(const inference::ModelInferRequest& head);

// A ModelInferResponse with raw_output_contents. Fails (unsupported) when it is too large for gRPC.
Result<grpc::ByteBuffer> answer_message(const InferenceResponse& response);

// The same as a ModelStreamInferResponse.
Result<grpc::ByteBuffer> stream_answer_message(const InferenceResponse& response, bool final_mark);
// An error in band, with the request's id.
grpc::ByteBuffer stream_error_message(const std::string& id, const Error& error, bool final_mark);

grpc::Status grpc_status(const Error& error);

// Nothing for ""; fails (invalid_argument) for what is no version.
Result<std::optional<std::int64_t>> model_version(const std::string& text);

}  // namespace staronnx
