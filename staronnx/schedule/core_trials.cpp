#include "staronnx/schedule/core_trials.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "staronnx/base/clock.h"
#include "staronnx/machine/affinity.h"
#include "staronnx/schedule/trials.h"

namespace staronnx {
namespace {

constexpr int kMostRuns = 3;
constexpr Microseconds kEnough{100'000};

// One request, again and again through all segments.
class Rehearsal {
 public:
  Rehearsal(const Plan& plan, std::span<const std::shared_ptr<Executor>> executors, const std::vector<Tensor>& request)
      : executors_(executors), outputs_(executors.size()), buffers_(executors.size()) {
    for (std::size_t i = 0; i < request.size(); ++i) tensors_[plan.signature.inputs[i].name] = request[i].view();
    for (std::size_t s = 0; s < executors.size(); ++s) outputs_[s].resize(executors[s]->signature().outputs.size());
  }

  // Lowers `least` to what the segments took.
  Status run(std::vector<Microseconds>& least) {
    for (std::size_t s = 0; s < executors_.size(); ++s) {
      std::vector<TensorView> inputs;
      for (const TensorInfo& input : executors_[s]->signature().inputs) inputs.push_back(tensors_[input.name]);
      const Clock::time_point begin = Clock::now();
      if (Status ran = executors_[s]->run(inputs, outputs_[s]); !ran) return ran;
      least[s] = std::min<Microseconds>(least[s], Clock::now() - begin);
      keep(s);
    }
    return {};
  }

 private:
  // What a segment wrote, for those after it; from the next run on in a buffer that fits, as on the request path.
  void keep(std::size_t segment) {
    const std::vector<TensorInfo>& names = executors_[segment]->signature().outputs;
    const bool first = buffers_[segment].empty();
    for (std::size_t i = 0; i < names.size(); ++i) {
      OutputSlot& output = outputs_[segment][i];
      tensors_[names[i].name] = output.view;
      if (first) output.buffer = buffers_[segment].emplace_back(output.view.data.size());
    }
  }

  std::span<const std::shared_ptr<Executor>> executors_;
  std::map<std::string, TensorView> tensors_;
  std::vector<std::vector<OutputSlot>> outputs_;              // by segment
  std::vector<std::vector<std::vector<std::byte>>> buffers_;  // of those
};

}  // namespace

std::vector<Microseconds> tried_on_cores(const Plan& plan, std::span<const std::shared_ptr<Executor>> executors,
                                         const CoreGroup& group) {
  const std::vector<Microseconds> unknown(executors.size(), Microseconds(std::numeric_limits<double>::infinity()));
  const std::optional<std::vector<Tensor>> request = trial_request(plan, 1);
  if (!request) return unknown;
  std::vector<Microseconds> least = unknown;
  std::jthread([&] {
    if (!pin_this_thread(std::span(group.cores).first(1))) return;
    Rehearsal rehearsal(plan, executors, *request);
    const Clock::time_point begin = Clock::now();
    for (int run = 0; run < kMostRuns && Clock::now() - begin < kEnough; ++run) {
      if (!rehearsal.run(least)) return void(least = unknown);
    }
  }).join();
  return least;
}

}  // namespace staronnx
