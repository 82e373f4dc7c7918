// Answers HTTP requests; knows nothing of connections. Private to this room.
#pragma once

#include <functional>

#include "staronnx/serve/http_message.h"
#include "staronnx/serve/request_path.h"

namespace staronnx {

// Thread-safe.
class HttpHandler {
 public:
  // Called exactly once for each request, on the calling thread or on one that answers inferences or loads a model. What the answer lends is
  // there only until this returns.
  using Answered = std::function<void(HttpAnswer)>;

  virtual ~HttpHandler() = default;

  // Whether requests are to have their fields of the caller's trace.
  virtual bool traces() const { return false; }

  // Returns the inference that runs, so that it can be cancelled; none for other requests.
  virtual RunningInference handle(HttpRequest request, Answered answered) = 0;
};

}  // namespace staronnx
