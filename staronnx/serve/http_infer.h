// The bytes of an inference over HTTP: what a request's body says, and the body of its answer. Pure; private to this room.
//
// A body is JSON, or JSON and after it the tensors that are binary, in order; the field Inference-Header-Content-Length then says
// where the JSON ends.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/model/signature.h"
#include "staronnx/serve/http_body.h"
#include "staronnx/serve/inference.h"

namespace staronnx {

// How the client wants outputs.
struct OutputForms {
  bool binary = false;                                    // those that `by_name` does not say
  std::map<std::string, bool, std::less<>> by_name = {};  // binary or not
};

struct HttpInference {
  InferenceRequest request;  // without model and version, which are in the path
  OutputForms forms;
};

// `header_length`: as the field says, if it is there. Binary tensors keep their part of `body` where they can (HttpBody::tensor). Errors are
// invalid_argument and name the field.
Result<HttpInference> parse_infer(const HttpBody& body, const std::optional<std::string>& header_length);

// Whether the whole body is the model's only input, without any JSON (`header_length` is 0). Then parse_raw_infer() it is.
bool is_raw(const std::optional<std::string>& header_length);

// The body is the only required input of `signature`, whose shape may have one dynamic dimension, found by the body's length; a string
// is one element. The answer is binary.
Result<HttpInference> parse_raw_infer(const HttpBody& body, const Signature& signature);

struct EncodedInference {
  std::string json;
  std::vector<std::span<const std::byte>> binary;  // what follows it, in the response's own memory
};

Result<EncodedInference> encode(const InferenceResponse& response, const OutputForms& forms);

}  // namespace staronnx
