// One request on its way through the steps of an ensemble. Private to this room.
//
//   inputs -> steps that have all they read, side by side -> their outputs -> further steps .. -> done(response)
//                      \-> one fails, or the request is cancelled: no more start, what runs is cancelled -> done(error)
//
// A step is a request to its model like any other (request_path.h). It starts on the thread that brought the last of what it reads, and
// nobody waits. A tensor is copied once for each step that reads it, out of the memory of the model that wrote it; what only the last step
// to end has written, for the answer, is not.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "staronnx/schedule/pipeline.h"
#include "staronnx/serve/ensemble.h"
#include "staronnx/serve/request_path.h"

namespace staronnx {

class EnsembleRun : public std::enable_shared_from_this<EnsembleRun> {
 public:
  // `inputs`: one per input of the ensemble. `outputs`: positions of those that are wanted; the response has the others empty, and steps
  // that are only for them do not run. `ensemble` outlives the run, which its steps hold until they have ended; `server` outlives the answer.
  EnsembleRun(const BoundEnsemble& ensemble, const Server& server, StepContext context, std::vector<Tensor> inputs,
              std::span<const std::size_t> outputs, Pipeline::Done done);

  // Starts the steps that read nothing but inputs; once. Fails when a step is refused: then `done` is not called any more. Otherwise it is
  // called exactly once, perhaps before this returns, on a thread of a step's model. The response has the segments of all steps.
  Status begin();

  // Thread-safe. The request is answered with `cancelled` when a step that runs has ended; or as usual, when that was the last.
  void cancel();

 private:
  using Steps = std::vector<std::size_t>;  // positions in the graph

  std::string called(std::size_t step) const;  // for messages
  void want(std::span<const std::size_t> outputs);
  Steps ready_after(std::span<const std::size_t> tensors);  // those that waited for the last of them; with the mutex held
  InferenceRequest request_of(std::size_t step);            // takes what it reads; with the mutex held
  Status start(const Steps& steps);
  Status start(std::size_t step);
  void ended(std::size_t step, const std::shared_ptr<TraceRecord>& trace, const Result<InferenceResponse>& response);
  std::vector<std::vector<Tensor>> copies_of(const InferenceResponse& response, std::span<const std::size_t> tensors) const;
  void answer(std::span<const std::size_t> tensors, const InferenceResponse& response);
  void fail(const Error& error);
  bool take_end();  // true for the one who may answer

  const BoundEnsemble& ensemble_;
  const EnsembleGraph& graph_;  // its
  const Server& server_;
  const StepContext context_;
  const Pipeline::Done done_;
  std::vector<bool> wanted_;                       // outputs of the ensemble
  std::vector<std::size_t> readers_;               // by tensor: how many of the wanted steps' inputs, and outputs, it is
  std::vector<std::vector<std::size_t>> written_;  // by step: those of the tensors it writes that are read; none: it does not run

  std::mutex mutex_;                          // guards what follows
  std::vector<std::vector<Tensor>> tensors_;  // by tensor: one for each reader that has not taken it; none where it was left out
  std::vector<std::size_t> missing_;          // by step: inputs that are not there yet
  std::size_t left_ = 0;                      // wanted steps that have not ended
  std::vector<RunningInference> running_;     // by step
  std::vector<SegmentRun> segments_;          // of steps that have ended
  bool cancelled_ = false;
  bool answered_ = false;
};

}  // namespace staronnx
