#include "staronnx/execute/node_timing.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "staronnx/base/deadline.h"
#include "staronnx/base/temporary_directory.h"
#include "staronnx/execute/attribution.h"
#include "staronnx/execute/optimized_model.h"
#include "staronnx/execute/profile_log.h"
#include "staronnx/execute/quartile.h"
#include "staronnx/execute/session_executor.h"
#include "staronnx/machine/affinity.h"
#include "staronnx/model/model.h"

namespace staronnx {
namespace {

using TimingByNode = std::map<std::string, NodeTiming>;

constexpr int sessions = 3;             // timed one after the other
constexpr std::size_t fewest_runs = 5;  // of each, however long they take
constexpr std::size_t most_runs = 50;   // of each: the profiler writes 800 bytes for each node of each run

// Runs sessions of one model with the same inputs, again and again, on the calling thread.
class Stopwatch {
 public:
  Stopwatch(const Signature& signature, std::span<const TensorView> inputs, Seconds budget,
            const std::function<void(double)>& progress)
      : signature_(signature), inputs_(inputs), budget_(budget / sessions), progress_(progress) {}

  // The time of each run; the first, a warm-up, is not among them.
  Result<std::vector<Microseconds>> times(Ort::Session session) {
    SessionExecutor executor("timing", signature_, nullptr, std::move(session));
    std::vector<OutputSlot> outputs(signature_.outputs.size());
    if (Status warm_up = executor.run(inputs_, outputs); !warm_up) return warm_up.error();
    std::vector<Microseconds> times;
    for (Microseconds spent{}; times.size() < fewest_runs || (spent < budget_ && times.size() < most_runs);
         spent += times.back()) {
      const double most_done = std::max(spent / budget_, static_cast<double>(times.size()) / most_runs);
      progress_((finished_ + std::min(most_done, 1.0)) / sessions);
      const Clock::time_point begin = Clock::now();
      if (Status ran = executor.run(inputs_, outputs); !ran) return ran.error();
      times.push_back(Clock::now() - begin);
    }
    progress_(++finished_ / static_cast<double>(sessions));
    return times;
  }

 private:
  const Signature& signature_;
  std::span<const TensorView> inputs_;
  Microseconds budget_;  // of one session
  const std::function<void(double)>& progress_;
  int finished_ = 0;  // sessions
};

std::string content_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// Times the session that `open(options)` makes, with ONNX Runtime's profiler.
template <class Open>
Result<TimingByNode> profile(Stopwatch& stopwatch, const CoreGroup& group, Open open) {
  const Result<TemporaryDirectory> directory = TemporaryDirectory::create();
  if (!directory) return directory.error();
  Ort::SessionOptions options = ort::options_for(group);
  options.EnableProfiling((directory->path() / "log").c_str());
  // The session is gone, and its log written, when the times are known.
  if (const auto times = stopwatch.times(open(std::move(options))); !times) return times.error();
  for (const auto& log : std::filesystem::directory_iterator(directory->path())) return parse_profile_log(content_of(log.path()));
  return Error{ErrorCode::internal, "ONNX Runtime wrote no profile into " + directory->path().string() + "; is the disk full?"};
}

TimeByNode times_of(const TimingByNode& timings) {
  TimeByNode times;
  for (const auto& [node, timing] : timings) times.emplace(node, timing.time);
  return times;
}

Result<ModelTiming> time_here(const std::filesystem::path& file, const CoreGroup& group, std::span<const TensorView> inputs,
                              Seconds budget, const std::function<void(double)>& progress) {
  const Result<Model> model = Model::load(file);
  if (!model) return model.error();
  const Ort::Env environment = ort::quiet_environment();
  const Result<std::unique_ptr<OptimizedModel>> optimized = OptimizedModel::create(environment, file);
  if (!optimized) return optimized.error();
  const Result<Model> optimized_graph = Model::load((*optimized)->graph_file());
  if (!optimized_graph) return optimized_graph.error();

  Stopwatch stopwatch(model->signature(), inputs, budget, progress);
  const auto whole = stopwatch.times((*optimized)->open(environment, ort::options_for(group)));
  if (!whole) return whole.error();
  const auto fast =
      profile(stopwatch, group, [&](Ort::SessionOptions options) { return (*optimized)->open(environment, std::move(options)); });
  if (!fast) return fast.error();
  auto plain = profile(stopwatch, group, [&](Ort::SessionOptions options) {
    options.SetGraphOptimizationLevel(ORT_DISABLE_ALL);
    return Ort::Session(environment, file.c_str(), options);
  });
  if (!plain) return plain.error();

  ModelTiming timing{lower_quartile(*whole), *std::move(plain)};
  const TimeByNode times = attributed(model->nodes(), times_of(timing.by_node), optimized_graph->nodes(), times_of(*fast));
  for (const auto& [node, time] : times) timing.by_node[node].time = time;
  return timing;
}

}  // namespace

Result<ModelTiming> time_nodes(const std::filesystem::path& model, const CoreGroup& group, std::span<const TensorView> inputs,
                               Seconds budget, const std::function<void(double)>& progress) {
  std::optional<Result<ModelTiming>> timing;
  std::thread pinned([&] {
    timing = ort::guarded("'" + model.string() + "'", [&]() -> Result<ModelTiming> {
      if (Status pin = pin_this_thread(std::span(group.cores).first(1)); !pin) return pin.error();
      return time_here(model, group, inputs, budget, progress);
    });
  });
  pinned.join();
  return *std::move(timing);
}

}  // namespace staronnx
