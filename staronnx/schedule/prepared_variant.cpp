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

// Sizes of batches that the plan has measured to pay on groups of that width, each against the next smaller one, and 1. With others, too, what
// runs take by chance makes one of them look cheap again and again, and requests wait for their batch for nothing: SqueezeNet at 0.92 of two
// cores' rate had 1.5 times the p50 and p99 of two single threads.
std::set<int> batches_on_cores(const Segment& segment, int width) {
  std::set<int> batches{1};
  Microseconds each = expected_time(segment, width, 1);
  for (const auto& [batch, times] : segment.batched) {
    const Microseconds in_this = expected_time(segment, width, batch) / batch;
    if (batch_pays(in_this, each)) batches.insert(batch), each = in_this;
  }
  return batches;
}

// GPUs and nodes run what is tried out there, where the plan says that it may be.
std::vector<int> batches_of(const Segment& segment, std::span<const Place> places) {
  std::set<int> batches{1};
  for (const Place& place : places) {
    if (place.memory == 0) batches.merge(batches_on_cores(segment, place.width()));
  }
  const bool elsewhere = std::ranges::any_of(places, [](const Place& place) { return place.memory != 0; });
  for (int batch = 2; elsewhere && !segment.batched.empty() && batch <= kMostInBatch; batch *= 2) batches.insert(batch);
  return {batches.begin(), batches.end()};
}

std::vector<std::unique_ptr<PreparedSegment>> prepared_segments(const Variant& variant, const std::vector<Executors>& by_place,
                                                                const GpuExecutors& on_gpus, std::span<const Place> places) {
  std::vector<std::unique_ptr<PreparedSegment>> segments;
  for (std::size_t i = 0; i < variant.segments.size(); ++i) {
    const Segment& segment = variant.segments[i];
    std::vector<PreparedSegment::OnPlace> on_place;
    std::vector<int> batches = batches_of(segment, places);
    std::map<std::string, std::size_t> kinds;  // of cores by width, else by place
    for (std::size_t place = 0; place < places.size(); ++place) {
      const int width = places[place].width();
      const std::size_t kind =
          kinds.emplace(places[place].memory == 0 ? std::to_string(width) : places[place].name(), kinds.size()).first->second;
      PreparedSegment::OnPlace& made = on_place.emplace_back(PreparedSegment::OnPlace{by_place[place][i], {}, kind});
      if (place < on_gpus.size()) made.gpu = on_gpus[place][i];
      const std::set<int> on_cores = batches_on_cores(segment, width);
      for (const int batch : batches) {
        const bool there = places[place].memory == 0 ? on_cores.contains(batch) : batch == 1 && (!places[place].gpu || made.gpu);
        made.planned.push_back(there ? expected_time(segment, width, batch) : kNever);
      }
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
  return PreparedVariant{variant.name, *std::move(route), prepared_segments(variant, *executors, *on_gpus, runtime.places),
                         &runtime.links};
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
