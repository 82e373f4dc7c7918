// A model behind a server that speaks the KServe v2 protocol over HTTP: ours, Triton's, anybody's.
//
//   const Result<Signature> signature = remote_signature("http://127.0.0.1:8000", "resnet50");
//   auto system = http_system("http://127.0.0.1:8000", "resnet50", *signature);
//
// Requests travel over many connections, each with one at a time; they are opened when needed and kept. Tensors are binary, both ways. One
// thread of the system's own sends and receives.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "staronnx/base/result.h"
#include "staronnx/bench/system.h"
#include "staronnx/model/signature.h"

namespace staronnx {

// What the server says that the model takes and gives. Blocks. Fails, naming the address, when nobody answers there, or not with what the
// protocol says.
Result<Signature> remote_signature(const std::string& url, const std::string& model);

// As the system's name the URL. Requests beyond `connections` wait for a free one, in order of arrival. A server's 503 is unavailable, its
// other refusals are internal, with its message. Fails when `url` is not http://HOST:PORT.
Result<std::unique_ptr<System>> http_system(const std::string& url, const std::string& model, Signature signature,
                                            std::size_t connections = 1024);

}  // namespace staronnx
