// A request's whole way: the model, the checks, the pipeline, the statistics, the answer.
#pragma once

#include <memory>

#include "staronnx/base/ids.h"
#include "staronnx/base/result.h"
#include "staronnx/serve/inference.h"
#include "staronnx/serve/server.h"

namespace staronnx {

// A request that was accepted. Copies mean the same one.
class RunningInference {
 public:
  RunningInference() = default;  // none
  RunningInference(std::weak_ptr<ServedModel> model, RequestId request) : model_(std::move(model)), request_(request) {}

  // As Pipeline::cancel(): `done` is still called. Thread-safe; on the answering thread, too.
  void cancel() const;

 private:
  std::weak_ptr<ServedModel> model_;
  RequestId request_{};
};

// Never blocks on computation. Fails, with `done` not called, when the request does not fit (invalid_argument, not_found) or is not taken
// (unavailable); messages are those that clients look for. Inputs in shared memory are read before this returns, outputs written before `done` is called. `done` may be called before this returns.
Result<RunningInference> infer(const Server& server, InferenceRequest request, InferenceDone done);

// The same when the model is found already: a step of an ensemble, which holds it.
Result<RunningInference> infer(const Server& server, const std::shared_ptr<ServedModel>& model, InferenceRequest request,
                               InferenceDone done);

}  // namespace staronnx
