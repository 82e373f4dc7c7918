// The way of requests through a pipeline: waiting, a free slot, the answer.
//
// The thread that submits a request starts it itself when a slot is free. Otherwise one thread of the flow starts it as soon as a
// slot is, and gives all answers; it sleeps until a request has finished or the deadline of a waiting one passes.
#pragma once

#include <boost/circular_buffer.hpp>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/model/signature.h"
#include "staronnx/schedule/pipeline.h"
#include "staronnx/schedule/prepared_segment.h"
#include "staronnx/schedule/request.h"
#include "staronnx/schedule/route.h"
#include "staronnx/schedule/runtime_state.h"
#include "staronnx/schedule/service_rate.h"
#include "staronnx/schedule/slot.h"
#include "staronnx/schedule/waiting_queue.h"

namespace staronnx {

class Flow {
 public:
  // `runtime` outlives the flow.
  Flow(Runtime::State& runtime, Signature signature, Route route, std::vector<std::unique_ptr<PreparedSegment>> segments,
       const PipelineOptions& options);
  ~Flow();  // as Pipeline's
  Flow(const Flow&) = delete;
  Flow& operator=(const Flow&) = delete;

  const Signature& signature() const { return signature_; }

  // As Pipeline's.
  Result<RequestId> submit(std::vector<Tensor> inputs, const RequestOptions& options, Pipeline::Done done);
  // Runs a request on one worker alone, before the first submit(), so that what its segments take there becomes known. Blocks.
  Status try_on(unsigned worker, std::vector<Tensor> inputs);
  void cancel(RequestId request);
  Status drain(Deadline deadline);
  Microseconds expected_wait() const;

 private:
  using Lock = std::unique_lock<std::mutex>;

  // What wakes the flow's own thread. A worker may still ring when the flow is gone: it rings after it has let go of the mutex, or the
  // thread that it wakes would wait for it.
  struct Bell {
    std::mutex mutex;
    std::condition_variable rung;
  };

  // With the lock held. Null when the window is full.
  Slot* free_slot();
  // With the lock held. How long the answer to a request takes that finds so many waiting before it.
  Microseconds expected_latency(std::size_t waiting_before) const;
  Status check_expectation(const Request& request, Clock::time_point now) const;
  void start(Slot& slot, Request request, std::optional<unsigned> trial_on = {});
  void finished(Slot& slot);  // on a worker

  // The flow's own thread. Each takes the lock as held and gives it back held, releasing it for calls to the user.
  void serve();
  void answer_finished(Lock& lock);
  void answered(std::size_t requests);
  void refuse(Lock& lock, const std::vector<Request>& requests, const Error& reason);

  Runtime::State& runtime_;
  const Signature signature_;
  const Route route_;
  const std::vector<std::unique_ptr<PreparedSegment>> segments_;

  const Slot::Owner owner_;   // of all slots
  const std::size_t window_;  // slots at most

  std::condition_variable all_answered_;

  const std::shared_ptr<Bell> bell_ = std::make_shared<Bell>();
  // What follows is guarded by the bell's mutex.
  bool draining_ = false;
  bool closing_ = false;
  std::size_t unanswered_ = 0;      // requests that were accepted
  WaitingQueue waiting_;            // empty while a slot is free or can be made
  std::vector<Request> cancelled_;  // to be answered
  ServiceRate rate_;
  std::vector<std::size_t> capacity_;       // of buffers, by tensor of the route: the most that any request needed
  std::deque<Slot> slots_;                  // made when first needed
  std::vector<Slot*> free_;                 // the last used first: its memory is still in caches
  boost::circular_buffer<Slot*> finished_;  // to be answered
  std::thread server_;
};

}  // namespace staronnx
