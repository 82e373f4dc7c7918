#include "staronnx/schedule/trials.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <utility>

#include "staronnx/schedule/slot.h"
#include "staronnx/schedule/threads.h"

namespace staronnx {
namespace {

constexpr int kTrials = 3;

// A batch twice as large must save this share of a request's time to be worth its wait. Two measurements of the same differ by about as much.
constexpr double kWorthwhile = 0.03;

// Of one trial, all its tensors together: a batch that needs more is not tried. A place holds a batch's tensors twice, and StarPU may take
// a quarter of a GPU's memory.
constexpr std::size_t kMostBytes = std::size_t{256} << 20;

// As the plan was measured with, for `batch` requests; nothing when that is not known.
std::optional<std::vector<Tensor>> zeros(const Plan& plan, int batch) {
  if (plan.shapes.size() != plan.signature.inputs.size()) return std::nullopt;
  std::vector<Tensor> inputs;
  for (std::size_t i = 0; i < plan.shapes.size(); ++i) {
    const DataType type = plan.signature.inputs[i].type;
    if (type == DataType::string) return std::nullopt;
    if (plan.signature.inputs[i].optional) {
      inputs.emplace_back();
      continue;
    }
    Shape shape = plan.shapes[i];
    if (batch > 1 && shape.empty()) return std::nullopt;
    if (batch > 1) shape[0] *= batch;
    std::int64_t bits = bits_of(type);
    for (const std::int64_t size : shape) bits *= size;
    inputs.emplace_back(type, std::move(shape), static_cast<std::size_t>((bits + 7) / 8));
  }
  return inputs;
}

// One variant on one worker.
class Trials {
 public:
  Trials(Runtime::State& runtime, const Plan& plan, const PreparedVariant& variant, unsigned worker)
      : runtime_(runtime), plan_(plan), variant_(variant), worker_(worker) {}

  // Whether it is known now what a batch takes.
  bool run(int batch) {
    std::vector<std::size_t> capacity;
    std::size_t bytes = 0;
    for (const RouteTensor& tensor : variant_.route.tensors)
      bytes += capacity.emplace_back(static_cast<std::size_t>(batch) * tensor.bytes.count);
    if (batch > 1 && bytes > kMostBytes) return false;
    const std::atomic<std::size_t> none_waits = 0;
    Slot slot(variant_,
              {.several_memories = true, .links = &runtime_.links, .waiting = &none_waits, .finished = [this](Slot&, bool) {
                 finished();
               }});
    slot.fit(capacity);
    std::optional<std::vector<Tensor>> inputs = zeros(plan_, batch);
    return inputs && answered(slot, batch, *std::move(inputs));
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

  bool answered(Slot& slot, int batch, std::vector<Tensor> inputs) {
    finished_ = false;
    bool succeeded = false;
    const RequestId id{runtime_.requests.fetch_add(1)};
    Request request{id, std::move(inputs), {}, Deadline::never(), Clock::now()};
    request.done = [&succeeded](const Result<Response>& response) { succeeded = response.ok(); };
    slot.claim(id);
    runtime_.gate.enter();
    slot.start(std::move(request), Slot::Trial{worker_, batch});
    runtime_.gate.wake();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return finished_; });
    slot.answer();
    return succeeded;
  }

  Runtime::State& runtime_;
  const Plan& plan_;
  const PreparedVariant& variant_;
  const unsigned worker_;
  Mutex mutex_;
  Condition changed_;
  bool finished_ = false;  // the trial; guarded by the mutex
};

}  // namespace

void try_out(Runtime::State& runtime, const Plan& plan, std::span<const PreparedVariant> variants) {
  for (const PreparedVariant& variant : variants) {
    const bool batches = std::ranges::all_of(variant.segments, [](const auto& segment) { return segment->batches().size() > 1; });
    for (unsigned worker = 0; worker < runtime.workers_elsewhere(); ++worker) {
      Trials trials(runtime, plan, variant, worker);
      for (int batch = 1; batch <= (batches ? kMostInBatch : 1); batch *= 2) {
        bool known = true;
        for (int trial = 0; known && trial < kTrials; ++trial) known = trials.run(batch);
        if (!known || (batch > 1 && trials.time(batch) > (1 - kWorthwhile) * trials.time(batch / 2))) break;
      }
    }
  }
}

}  // namespace staronnx
