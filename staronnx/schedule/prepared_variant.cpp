#include "staronnx/schedule/prepared_variant.h"

#include <starpu.h>

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <thread>
#include <utility>

#include "staronnx/execute/batching.h"
#include "staronnx/machine/affinity.h"
#include "staronnx/schedule/core_trials.h"
#include "staronnx/schedule/flavour.h"
#include "staronnx/schedule/gpu_segments.h"

namespace staronnx {
namespace {

constexpr Microseconds kNever{std::numeric_limits<double>::infinity()};

using Executors = std::vector<std::shared_ptr<Executor>>;  // of one place, by segment

bool same_names(const std::vector<std::string>& names, const std::vector<TensorInfo>& tensors) {
  if (names.size() != tensors.size()) return false;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] != tensors[i].name) return false;
  }
  return true;
}

// On a thread of the group's own, pinned as its worker is: weights are first touched, and threads started, from where they will run.
Result<Executors> load_pinned(ExecutorFactory& engine, const std::filesystem::path& directory, const Variant& variant,
                              const CoreGroup& group) {
  if (!kSimulated) {
    if (Status pinned = pin_this_thread(std::span(group.cores).first(1)); !pinned) return pinned.error();
  }
  Executors executors;
  for (const Segment& segment : variant.segments) {
    Result<std::shared_ptr<Executor>> executor = engine.prepare(directory / segment.file, group, segment.provider);
    if (!executor) return executor.error();
    const Signature& signature = (*executor)->signature();
    if (!same_names(segment.inputs, signature.inputs) || !same_names(segment.outputs, signature.outputs)) {
      return Error{ErrorCode::invalid_argument,
                   (directory / segment.file).string() + " has other inputs or outputs than the plan says; plan the model again"};
    }
    executors.push_back(std::move(*executor));
  }
  return executors;
}

// By place, in this process's memory; others are empty. All places load at once; in the simulator in turn, so that memory lies at the same places
// in every run: StarPU sends data in the order of its addresses.
Result<std::vector<Executors>> load(ExecutorFactory& engine, const std::filesystem::path& directory, const Variant& variant,
                                    std::span<const Place> places) {
  std::vector<Result<Executors>> loaded(places.size(), Result<Executors>(Executors(variant.segments.size())));
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (places[i].memory != 0) continue;
    threads.emplace_back([&, i] { loaded[i] = load_pinned(engine, directory, variant, places[i].group); });
    if (kSimulated) threads.back().join();
  }
  threads.clear();  // joins
  std::vector<Executors> by_place;
  for (Result<Executors>& executors : loaded) {
    if (!executors) return executors.error();
    by_place.push_back(std::move(*executors));
  }
  return by_place;
}

// What a segment's runs take, by size of batch, on groups of one width.
using BatchTimes = std::map<int, Microseconds>;

// One by one as it was planned, or tried where that was quicker. And sizes of batches that the plan has measured to pay, each against the next
// smaller one. With others, too, what runs take by chance makes one of them look cheap again and again, and requests wait for their batch
// for nothing: SqueezeNet at 0.92 of two cores' rate had 1.5 times the p50 and p99 of two single threads.
BatchTimes times_on_cores(const Segment& segment, int width, Microseconds tried) {
  Microseconds each = std::min(expected_time(segment, width, 1), tried);
  BatchTimes times{{1, each}};
  for (const auto& [batch, measured] : segment.batched) {
    const Microseconds in_this = expected_time(segment, width, batch) / batch;
    if (batch_pays(in_this, each)) times[batch] = in_this * batch, each = in_this;
  }
  return times;
}

// By width of the groups of cores, then segment. In the simulator the plan is what segments take.
std::map<int, std::vector<BatchTimes>> times_on_cores(const Plan& plan, const Variant& variant,
                                                      const std::vector<Executors>& by_place, std::span<const Place> places) {
  std::map<int, std::vector<BatchTimes>> by_width;
  for (std::size_t place = 0; place < places.size(); ++place) {
    const int width = places[place].width();
    if (places[place].memory != 0 || by_width.contains(width)) continue;
    std::vector<Microseconds> tried(variant.segments.size(), kNever);
    if (!kSimulated) tried = tried_on_cores(plan, by_place[place], places[place].group);
    for (std::size_t i = 0; i < tried.size(); ++i)
      by_width[width].push_back(times_on_cores(variant.segments[i], width, tried[i]));
  }
  return by_width;
}

// GPUs and nodes run what is tried out there, where the plan says that it may be.
std::vector<int> batches_of(const Segment& segment, std::size_t number, const std::map<int, std::vector<BatchTimes>>& on_cores,
                            std::span<const Place> places) {
  std::set<int> batches{1};
  for (const auto& [width, times] : on_cores) {
    for (const auto& [batch, time] : times[number]) batches.insert(batch);
  }
  const bool elsewhere = std::ranges::any_of(places, [](const Place& place) { return place.memory != 0; });
  for (int batch = 2; elsewhere && !segment.batched.empty() && batch <= kMostInBatch; batch *= 2) batches.insert(batch);
  return {batches.begin(), batches.end()};
}

std::vector<std::unique_ptr<PreparedSegment>> prepared_segments(const Variant& variant, const std::vector<Executors>& by_place,
                                                                const std::map<int, std::vector<BatchTimes>>& on_cores,
                                                                const GpuExecutors& on_gpus, std::span<const Place> places) {
  std::vector<std::unique_ptr<PreparedSegment>> segments;
  for (std::size_t i = 0; i < variant.segments.size(); ++i) {
    const Segment& segment = variant.segments[i];
    std::vector<PreparedSegment::OnPlace> on_place;
    std::vector<int> batches = batches_of(segment, i, on_cores, places);
    std::map<std::string, std::size_t> kinds;  // of cores by width, else by place
    for (std::size_t place = 0; place < places.size(); ++place) {
      const int width = places[place].width();
      const bool here = places[place].memory == 0;
      const std::size_t kind = kinds.emplace(here ? std::to_string(width) : places[place].name(), kinds.size()).first->second;
      PreparedSegment::OnPlace& made = on_place.emplace_back(PreparedSegment::OnPlace{by_place[place][i], {}, kind});
      if (place < on_gpus.size()) made.gpu = on_gpus[place][i];
      BatchTimes times;
      if (here) times = on_cores.at(width)[i];
      if (!here && (!places[place].gpu || made.gpu)) times = {{1, expected_time(segment, width, 1)}};
      for (const int batch : batches) made.planned.push_back(times.contains(batch) ? times.at(batch) : kNever);
    }
    segments.push_back(std::make_unique<PreparedSegment>(segment.file, std::move(on_place), std::move(batches)));
  }
  return segments;
}

}  // namespace

Result<PreparedVariant> prepare_variant(const Runtime::State& runtime, ExecutorFactory& engine, const Plan& plan,
                                        const std::filesystem::path& directory, const Variant& variant,
                                        std::vector<std::string>& notes) {
  Result<Route> route = route_of(plan, variant);
  if (!route) return route.error();
  const Result<std::vector<Executors>> executors = load(engine, directory, variant, runtime.places);
  if (!executors) return executors.error();
  const Result<GpuExecutors> on_gpus = load_on_gpus(engine, plan, directory, variant, runtime.gpu_workers, notes);
  if (!on_gpus) return on_gpus.error();
  const std::map<int, std::vector<BatchTimes>> on_cores = times_on_cores(plan, variant, *executors, runtime.places);
  return PreparedVariant{variant.name, *std::move(route),
                         prepared_segments(variant, *executors, on_cores, *on_gpus, runtime.places), &runtime.links};
}

Microseconds moving_time(const PreparedVariant& variant, std::size_t segment, unsigned from, unsigned to) {
  const Route& route = variant.route;
  Microseconds time{};
  const auto move = [&](std::size_t tensor, unsigned begin, unsigned end) {
    if (begin != end) time += variant.links->time(begin, end, route.tensors[tensor].bytes);
  };
  for (const std::size_t tensor : route.segments[segment].reads) move(tensor, from, to);
  for (const std::size_t tensor : route.segments[segment].writes) {
    if (std::ranges::find(route.outputs, tensor) != route.outputs.end()) move(tensor, to, STARPU_MAIN_RAM);
  }
  return time;
}

}  // namespace staronnx
