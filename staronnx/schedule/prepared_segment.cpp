#include "staronnx/schedule/prepared_segment.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <iterator>
#include <limits>
#include <utility>

#include "staronnx/schedule/flavour.h"
#include "staronnx/schedule/slot.h"

namespace staronnx {

Microseconds expected_time(const Segment& segment, int width, int batch) {
  constexpr Microseconds least{1};
  const std::map<int, Microseconds>& times = (batch == 1 ? segment.cpu_time : segment.batched.at(batch)).alone;
  if (times.empty()) return least;
  return std::max(least, at_width(times, width));
}

namespace {

std::atomic<Word> numbers = 1;

// By kind of place, then size of batch.
std::vector<Microseconds> all_planned(const std::vector<PreparedSegment::OnPlace>& on_place, std::size_t batches) {
  std::vector<Microseconds> planned;
  for (const PreparedSegment::OnPlace& place : on_place) {
    if ((place.kind + 1) * batches > planned.size()) planned.resize((place.kind + 1) * batches, Microseconds(1));
    std::ranges::copy(place.planned, planned.begin() + static_cast<std::ptrdiff_t>(place.kind * batches));
  }
  return planned;
}

}  // namespace

PreparedSegment::PreparedSegment(std::string name, std::vector<OnPlace> on_place, std::vector<int> batches)
    : name_(std::move(name)),
      number_(numbers.fetch_add(1)),
      on_place_(std::move(on_place)),
      kinds_(1 + std::ranges::max(on_place_, {}, &OnPlace::kind).kind),
      costs_(all_planned(on_place_, batches.size())),
      batches_(std::move(batches)),
      devices_(on_place_.size()),
      batch_runs_(on_place_.size()) {
  for (std::size_t place = 0; place < on_place_.size(); ++place) {
    std::unique_ptr<RunDevice>& device = devices_[place];
    if (on_place_[place].executor) device = device_of(on_place_[place].executor);
    if (on_place_[place].gpu) device = device_of(on_place_[place].gpu);
    if (device) batch_runs_[place] = std::make_unique<BatchRun>(*device);
  }
  cost_.type = STARPU_PER_WORKER;
  cost_.worker_cost_function = staronnx_cost_of_segment_task;
  cost_.symbol = name_.c_str();
  starpu_codelet_init(&codelet_);
  codelet_.name = name_.c_str();
  codelet_.cpu_funcs[0] = staronnx_run_segment_task;
  codelet_.cpu_funcs_name[0] = "staronnx_run_segment_task";
  if (std::ranges::any_of(on_place_, [](const OnPlace& place) { return place.gpu != nullptr; })) {
    codelet_.cuda_funcs[0] = staronnx_enqueue_segment_task;
    if (!kSimulated) codelet_.cuda_flags[0] = STARPU_CUDA_ASYNC;
    if (kSimulated) codelet_.opencl_funcs[0] = staronnx_enqueue_segment_task;  // on nodes
  }
  codelet_.flags = STARPU_CODELET_SIMGRID_EXECUTE;  // in the simulator its functions are called, too
  codelet_.model = &cost_;
  codelet_.nbuffers = STARPU_VARIABLE_NBUFFERS;  // see Slot
}

const Signature& PreparedSegment::signature() const {
  const auto local = std::ranges::find_if(on_place_, [](const OnPlace& place) { return place.executor != nullptr; });
  return local->executor->signature();
}

std::size_t PreparedSegment::cost_number(std::size_t place, int batch) const {
  const auto position = static_cast<std::size_t>(std::ranges::find(batches_, batch) - batches_.begin());
  return on_place_[place].kind * batches_.size() + position;
}

Microseconds PreparedSegment::expected(std::size_t place, int batch) const {
  const std::lock_guard lock(mutex_);
  return costs_.expected(cost_number(place, batch));
}

Microseconds PreparedSegment::expected_each(std::size_t place, std::size_t most) const {
  Microseconds least = expected(place, 1);
  for (const int batch : batches_) {
    if (static_cast<std::size_t>(batch) <= most) least = std::min(least, expected(place, batch) / batch);
  }
  return least;
}

void PreparedSegment::tried(std::size_t place, int batch, Microseconds took) {
  const std::lock_guard lock(mutex_);
  const std::size_t cost = cost_number(place, batch);
  if (tried_.emplace(place, batch).second || took < costs_.expected(cost)) costs_.plan(cost, took);
}

void PreparedSegment::refuse_batches(std::size_t place, int from) {
  const std::lock_guard lock(mutex_);
  for (const int batch : batches_) {
    if (batch >= from) costs_.plan(cost_number(place, batch), Microseconds(std::numeric_limits<double>::infinity()));
  }
}

bool PreparedSegment::runs_in(std::size_t place) const {
  return std::isfinite(expected(place, 1).count());
}

int PreparedSegment::largest_batch(std::size_t place) const {
  int largest = 1;
  for (const int batch : batches_) {
    if (std::isfinite(expected(place, batch).count())) largest = std::max(largest, batch);
  }
  return largest;
}

void PreparedSegment::observe(std::size_t place, int batch, Microseconds took) {
  const std::lock_guard lock(mutex_);
  costs_.observe(cost_number(place, batch), took);
}

PreparedSegment::~PreparedSegment() {
  if (cost_.is_init) starpu_perfmodel_deinit(&cost_);
}

}  // namespace staronnx
