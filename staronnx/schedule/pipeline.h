// A plan, ready for requests: each segment of each request is a StarPU task.
//
// A request waits in the pipeline's own queue, the most urgent first; only a small window of requests is inside StarPU. Each request in the window has a slot: memory for every tensor that segments write, and tasks, made once and reused.
//
//   submit -> waiting -> (slot free) -> segment 0 -> segment 1 .. -> done(response) -> slot free
//                \-> deadline passed, cancelled, pipeline closed -> done(error)
//
//   auto pipeline = Pipeline::open(*runtime, *engine, plan, "plan/", "k2", {});
//   (*pipeline)->submit(std::move(inputs), Deadline::never(), [](Result<Response> response) { ... });
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "staronnx/base/deadline.h"
#include "staronnx/base/ids.h"
#include "staronnx/base/result.h"
#include "staronnx/execute/engine.h"
#include "staronnx/model/signature.h"
#include "staronnx/plan/plan.h"
#include "staronnx/schedule/runtime.h"

namespace staronnx {

// One segment of one request, as it ran.
struct SegmentRun {
  int place = 0;  // position in Runtime::places()
  int batch = 1;  // requests that ran as one
  Clock::time_point begin;
  Clock::time_point end;
  // Where several memories take part: how long bringing its inputs from others takes by the links' speed; and what of that was not hidden
  // behind computation: before its place was free they had not travelled for so long, or the place still waited for them.
  Microseconds transfer{};
  Microseconds exposed{};
};

// Keeps the memory of an output, `data`, beyond the call of `Done`, as long as the pointer is held: the next request gets other memory, and the
// pipeline may go before. Null where that cannot be, as with several memories, or would keep more than twice as much, as buffers are as large as
// any request needed; then it is copied.
using KeepMemory = std::function<std::shared_ptr<const std::byte>(std::span<const std::byte> data)>;

// Valid only during the call of `Done`: the memory goes to the next request afterwards.
struct Response {
  std::span<const TensorView> outputs;  // by the model's outputs, in order
  std::span<const SegmentRun> segments;
  std::string_view variant;  // of the plan, that the request ran
  KeepMemory keep = {};      // none: nothing can be kept
};

// How a request is served among others. The most urgent go first: those whose deadline is nearest, where a request counts as having one
// kPatience after it came at the latest, and every level of `priority` as kPatience more. So nobody starves: a request waits for
// later ones of its level for kPatience at most, and for later ones of a level n higher for n + 1 times that.
struct RequestOptions {
  Deadline deadline = Deadline::never();
  unsigned priority = 0;        // 0 goes first
  bool late_goes_last = false;  // when the deadline has passed, behind all others, for as long as others come; else it is refused
  unsigned rows = 1;            // of a batch, for which it counts where requests wait for a batch
};
constexpr Seconds kPatience{1};

struct PipelineOptions {
  int window = 0;  // requests inside StarPU at once; 0: two per worker, or one and a batch; more where workers are unequal
  std::size_t queue = 1024;  // requests waiting at most
  double share = 1;          // of the machine, relative to other pipelines', when they ask for more than there is; positive
  std::map<unsigned, std::size_t> queues = {};  // by priority: requests of it waiting at most; the others share `queue`
  // Answers leave in the order in which requests were accepted, failures, too. One that is there early waits, and no processor with it; when
  // more wait so than `queue`, requests are refused.
  bool in_order = false;
  // For how long, from the arrival of the oldest, requests wait for others to run with although a processor is idle: until the rows of one of
  // `preferred_batches` are there, or as many as the plan can run as one. Zero: not at all; nor where the plan has no batches that pay.
  Microseconds batch_wait{};
  std::vector<std::size_t> preferred_batches = {};
};

class Pipeline {
 public:
  // Called exactly once per accepted request, on the worker that has run it, which does nothing else meanwhile, or on the pipeline's own
  // thread; never during submit(). It must return soon, not throw, and not destroy the pipeline; it may submit.
  using Done = std::function<void(Result<Response>)>;

  // Loads the segments of a variant for every place of `runtime`, which outlives the pipeline. Without a variant's name each request runs
  // the one of the plan's that costs least when the request starts (see variant_choice.h); with one of StarPU's schedulers, and where all
  // processors are alike while no other pipeline is at work, that is the plan's first.
  static Result<std::unique_ptr<Pipeline>> open(Runtime& runtime, ExecutorFactory& engine, const Plan& plan,
                                                const std::filesystem::path& directory, const std::string& variant,
                                                const PipelineOptions& options);

  // Waits for requests inside StarPU; requests that still wait are answered with `cancelled`.
  ~Pipeline();

  const Signature& signature() const;

  // What is to be known of the way it runs: segments that do not run on GPUs, and why, or that leave nodes to the CPU there, with which
  // provider, and where there are no batches although the plan has some.
  std::span<const std::string> notes() const;

  // `inputs`: one per input (see signature.h). Thread-safe, never blocks on computation. Refused, with `done` not called:
  // inputs that do not fit (invalid_argument), a full queue or a deadline that the answer is expected to miss (unavailable, saying when
  // it is expected), a passed deadline (deadline_exceeded). A request whose deadline passes while it waits is answered with
  // deadline_exceeded and costs no computation. With late_goes_last, deadlines are no reason to refuse.
  Result<RequestId> submit(std::vector<Tensor> inputs, const RequestOptions& options, Done done);

  // The request is answered with `cancelled` soon, and no segment of it starts any more; or as usual, when its last segment runs or ran
  // already. Unknown numbers are those of requests that were answered. Thread-safe; on the answering thread, too.
  void cancel(RequestId request);

  // Takes no more requests (unavailable), and waits until all that were accepted are answered. Those that still wait at `deadline` are answered with
  // `cancelled`, and it fails, saying how many, if there are any. For an orderly end; not on the answering thread.
  Status drain(Deadline deadline);

  // How long an answer to a request that came now would take beyond computing it, because of those before it. Zero while none waits.
  Microseconds expected_wait() const;

  struct State;  // private to this room
  explicit Pipeline(std::unique_ptr<State> state);

 private:
  std::unique_ptr<State> state_;
};

}  // namespace staronnx
