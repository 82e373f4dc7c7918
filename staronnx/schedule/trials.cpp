#include "staronnx/schedule/trials.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <utility>

#include "staronnx/execute/batching.h"
#include "staronnx/model/difference.h"
#include "staronnx/schedule/flavour.h"
#include "staronnx/schedule/slot.h"
#include "staronnx/schedule/threads.h"

namespace staronnx {
namespace {

constexpr int kTrials = 3;

// Of one trial, all its tensors together: a batch that needs more is not tried. A place holds a batch's tensors twice, and StarPU may take
// a quarter of a GPU's memory.
constexpr std::size_t kMostBytes = std::size_t{256} << 20;

// Tensor by tensor, of requests that may be stacked.
std::vector<Tensor> stacked_all(std::span<const std::vector<Tensor>> requests) {
  std::vector<Tensor> tensors;
  for (std::size_t i = 0; i < requests[0].size(); ++i) {
    std::vector<TensorView> views;
    for (const std::vector<Tensor>& request : requests) views.push_back(request[i].view());
    tensors.push_back(views[0].type == DataType::undefined ? Tensor() : stacked(views));
  }
  return tensors;
}

bool same(std::span<const Tensor> some, std::span<const Tensor> others) {
  return std::ranges::equal(some, others, [](const Tensor& a, const Tensor& b) {
    const Result<Difference> apart = difference(a.view(), b.view(), tf32_tolerance);
    return apart && apart->equal;
  });
}

// What is tried with, made once: random numbers take longer than the trials.
class Requests {
 public:
  explicit Requests(const Plan& plan) : plan_(plan) {}

  // So many, the first of which is `number`; none when it is not known with what to try the model.
  std::span<const std::vector<Tensor>> some(int count, unsigned number) {
    const std::size_t last = number - 1 + static_cast<std::size_t>(count);
    while (made_.size() < last) {
      std::optional<std::vector<Tensor>> next = trial_request(plan_, static_cast<unsigned>(made_.size()) + 1);
      if (!next) return {};
      made_.push_back(*std::move(next));
    }
    return std::span(made_).first(last).subspan(number - 1);
  }

 private:
  const Plan& plan_;
  std::vector<std::vector<Tensor>> made_;  // from number 1 on
};

// One variant on one worker.
class Trials {
 public:
  Trials(Runtime::State& runtime, Requests& requests, const PreparedVariant& variant, unsigned worker)
      : runtime_(runtime), requests_(requests), variant_(variant), worker_(worker) {}

  // The outputs of so many requests, the first of which is `number`, in one batch.
  Result<std::vector<Tensor>> run(int batch, unsigned number = 1) {
    std::vector<std::size_t> capacity;
    std::size_t bytes = 0;
    for (const RouteTensor& tensor : variant_.route.tensors)
      bytes += capacity.emplace_back(static_cast<std::size_t>(batch) * tensor.bytes.count);
    if (batch > 1 && bytes > kMostBytes) return Error{ErrorCode::unavailable, "the batch is too large to be tried"};
    const std::span<const std::vector<Tensor>> requests = requests_.some(batch, number);
    if (requests.empty()) return Error{ErrorCode::unsupported, "it is not known with what to try the model"};
    return run(batch, batch == 1 ? requests[0] : stacked_all(requests), capacity);
  }

  // Two requests together get what they get one by one. In the simulator nothing is computed, so nothing could differ but what lay in memory.
  bool batches_are_right() {
    std::vector<std::vector<Tensor>> alone;
    for (const unsigned number : {1u, 2u}) {
      Result<std::vector<Tensor>> outputs = run(1, number);
      if (!outputs) return false;
      alone.push_back(*std::move(outputs));
    }
    const Result<std::vector<Tensor>> together = run(2);
    return together && (kSimulated || same(*together, stacked_all(alone)));
  }

  // Of one request in a batch, of all segments that run there.
  Microseconds time(int batch) const {
    Microseconds time{};
    for (const auto& segment : variant_.segments) {
      if (segment->runs_in(worker_)) time += segment->expected(worker_, batch) / batch;
    }
    return time;
  }

 private:
  void finished() {
    runtime_.gate.leave();
    const std::lock_guard lock(mutex_);
    finished_ = true;
    changed_.notify_one();
  }

  Result<std::vector<Tensor>> run(int batch, std::vector<Tensor> inputs, std::span<const std::size_t> capacity) {
    const std::atomic<std::size_t> none_waits = 0;
    Slot slot(variant_, {.several_memories = true,
                         .links = &runtime_.links,
                         .gpu_turns = runtime_.gpu_turns.get(),
                         .waiting = &none_waits,
                         .finished = [this](Slot&, bool) { finished(); }});
    slot.fit(capacity);
    Result<std::vector<Tensor>> outputs = std::vector<Tensor>();
    finished_ = false;
    const RequestId id{runtime_.requests.fetch_add(1)};
    Request request{id, std::move(inputs), {}, Deadline::never(), Clock::now()};
    request.done = [&outputs](const Result<Response>& response) {
      if (!response) outputs = response.error();
      for (const TensorView& output : response ? response->outputs : std::span<const TensorView>())
        outputs->push_back(copy_of(output));
    };
    slot.claim(id, {});
    runtime_.gate.enter();
    slot.start(std::move(request), Slot::Trial{worker_, batch});
    runtime_.gate.wake();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return finished_; });
    slot.answer();
    return outputs;
  }

  Runtime::State& runtime_;
  Requests& requests_;
  const PreparedVariant& variant_;
  const unsigned worker_;
  Mutex mutex_;
  Condition changed_;
  bool finished_ = false;  // the trial; guarded by the mutex
};

// A note, when there are none although the plan has some.
std::string try_batches(Trials& trials, const PreparedVariant& variant, unsigned worker) {
  if (!trials.batches_are_right()) {
    for (const auto& segment : variant.segments) segment->refuse_batches(worker, 2);
    return "requests run one by one: batches fail, or give other results than single requests";
  }
  for (int batch = 2; batch <= kMostInBatch; batch *= 2) {
    for (int trial = 0; trial < kTrials; ++trial) {
      if (!trials.run(batch)) return {};
    }
    if (batch_pays(trials.time(batch), trials.time(batch / 2))) continue;
    for (const auto& segment : variant.segments) segment->refuse_batches(worker, batch);
    break;
  }
  return {};
}

}  // namespace

std::optional<std::vector<Tensor>> trial_request(const Plan& plan, unsigned number) {
  const bool strings =
      std::ranges::any_of(plan.signature.inputs, [](const TensorInfo& input) { return input.type == DataType::string; });
  if (strings || plan.shapes.size() != plan.signature.inputs.size()) return std::nullopt;
  return random_inputs(plan.signature, plan.shapes, number);
}

void try_out(Runtime::State& runtime, const Plan& plan, std::span<const PreparedVariant> variants,
             std::vector<std::string>& notes) {
  Requests requests(plan);
  for (const PreparedVariant& variant : variants) {
    const bool batches = std::ranges::all_of(variant.segments, [](const auto& segment) { return segment->batches().size() > 1; });
    for (unsigned worker = 0; worker < runtime.workers_elsewhere(); ++worker) {
      Trials trials(runtime, requests, variant, worker);
      bool known = true;
      for (int trial = 0; known && trial < kTrials; ++trial) known = trials.run(1).ok();
      if (!known || !batches) continue;
      const std::string note = try_batches(trials, variant, worker);
      if (!note.empty()) notes.push_back(variant.name + " on " + runtime.places[worker].name() + ": " + note);
    }
  }
}

}  // namespace staronnx
