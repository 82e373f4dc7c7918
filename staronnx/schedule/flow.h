// The way of requests through a pipeline: waiting, the choice of a variant, a free slot, the answer.
//
// The thread that submits a request starts it itself when a slot is free. Otherwise who answers a request starts the next. The worker that
// ran a request's last task answers it: another thread would have to be woken for that, on a core that mostly is a worker's, too (an
// identity model over HTTP: p50 111 us with a thread that answers, 81 us without; `scripts/server-figures protocol`). Where the worker is a
// GPU's or a node's, it gets on, and the flow's own thread answers, which otherwise sleeps until the deadline of a waiting request passes,
// or those that wait for a batch are to start.
#pragma once

#include <atomic>
#include <boost/circular_buffer.hpp>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/model/signature.h"
#include "staronnx/schedule/answer_order.h"
#include "staronnx/schedule/batch_wait.h"
#include "staronnx/schedule/forecast_error.h"
#include "staronnx/schedule/pipeline.h"
#include "staronnx/schedule/prepared_variant.h"
#include "staronnx/schedule/request.h"
#include "staronnx/schedule/runtime_state.h"
#include "staronnx/schedule/service_rate.h"
#include "staronnx/schedule/slot.h"
#include "staronnx/schedule/threads.h"
#include "staronnx/schedule/variant_choice.h"
#include "staronnx/schedule/waiting_queue.h"

namespace staronnx {

class Flow {
 public:
  // `runtime` outlives the flow. `variants`: at least one; the first alone is used where the policy is not StarONNX's own.
  Flow(Runtime::State& runtime, Signature signature, std::vector<PreparedVariant> variants, const PipelineOptions& options);
  ~Flow();  // as Pipeline's
  Flow(const Flow&) = delete;
  Flow& operator=(const Flow&) = delete;

  const Signature& signature() const { return signature_; }
  bool waits_for_batches() const { return batch_wait_.on(); }

  // As Pipeline's.
  Result<RequestId> submit(std::vector<Tensor> inputs, const RequestOptions& options, Pipeline::Done done);
  void cancel(RequestId request);
  Status drain(Deadline deadline);
  Microseconds expected_wait() const;

 private:
  using Lock = std::unique_lock<Mutex>;

  // What wakes the flow's own thread. A worker may still ring when the flow is gone: it rings after it has let go of the mutex, or the
  // thread that it wakes would wait for it.
  struct Bell {
    Mutex mutex;
    Condition rung;
  };

  // The slots of one variant.
  struct Supply {
    std::vector<std::size_t> capacity;  // of buffers, by tensor of the route: the most that any request needed
    std::vector<Slot*> free;            // the last used first: its memory is still in caches
  };

  // These with the lock held. For a request that starts now: the number of its variant; fails when its deadline has passed, or its answer is expected after it
  // and others are under way (an idle machine tries, or a wrong expectation would stay so).
  Result<Choice> choose(const Request& request, Clock::time_point now) const;
  // While the window is not full.
  Slot& take_slot(const Choice& choice, RequestId request, Clock::time_point now);
  Supply& supply_of(const Slot& slot);
  void note_waiting() { waiting_count_ = waiting_.size(); }
  bool may_start() const;  // one that waits
  Clock::time_point next_event() const;
  void accepted(RequestId request);
  void answered();
  // How long the answer to a request takes that finds so many waiting before it.
  Microseconds expected_latency(std::size_t waiting_before) const;

  void start(Slot& slot, Request request);
  void finished(Slot& slot, bool answer_here);

  void serve();  // on the flow's own thread

  // Each takes the lock as held and gives it back held, releasing it for calls to the user.
  void answer(Lock& lock, Slot& slot);
  void give(Lock& lock, Slot& slot);
  void give_in_order(Lock& lock);
  void start_waiting(Lock& lock);
  void start_batch(Lock& lock);
  void end_expired(Lock& lock);
  void refuse(Lock& lock, Request request, const Error& reason);
  void refuse_all(Lock& lock, std::vector<Request> requests, const Error& reason);
  void tell(Lock& lock, const Request& request, const Error& reason);

  Runtime::State& runtime_;
  const Signature signature_;
  const std::vector<PreparedVariant> variants_;

  std::atomic<std::size_t> waiting_count_ = 0;  // for the policy, which has no lock on the queue
  const Slot::Owner owner_;                     // of all slots
  const std::size_t window_;                    // slots in use at most
  const std::size_t queue_;                     // answers that wait for their turn at most
  const bool in_order_;
  const BatchWait batch_wait_;

  Condition all_answered_;

  const std::shared_ptr<Bell> bell_ = std::make_shared<Bell>();
  // What follows is guarded by the bell's mutex.
  bool draining_ = false;
  bool closing_ = false;
  std::size_t unanswered_ = 0;      // requests that were accepted
  WaitingQueue waiting_;            // empty while the window is not full, but for those that wait for a batch
  std::vector<Request> cancelled_;  // to be answered
  AnswerOrder order_;               // used when answers leave in order
  ServiceRate rate_;
  ForecastError forecast_error_;
  std::deque<Slot> slots_;                  // made when first needed
  std::vector<Supply> supplies_;            // by variant
  std::size_t in_use_ = 0;                  // slots, but for those whose answers wait for their turn
  boost::circular_buffer<Slot*> finished_;  // to be answered by the flow's own thread
  Thread server_;
};

}  // namespace staronnx
