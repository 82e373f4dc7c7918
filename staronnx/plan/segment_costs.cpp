#include "staronnx/plan/segment_costs.h"

#include <algorithm>
#include <atomic>
#include <fstream>
#include <latch>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <span>
#include <thread>

#include "staronnx/base/deadline.h"
#include "staronnx/base/write_file.h"
#include "staronnx/execute/batching.h"
#include "staronnx/machine/affinity.h"
#include "staronnx/machine/other_load.h"

namespace staronnx {
namespace {

using Json = nlohmann::json;

// A run is repeated at least `fewest_runs` times and until `enough` has passed: with ResNet-50 in two segments on two cores the median
// of 5 runs was within 2 % of that of 50; short segments need more runs, and get them in the same time.
constexpr int fewest_runs = 5;
constexpr Microseconds enough{100'000};

struct Prepared {
  std::shared_ptr<Executor> executor;
  std::vector<TensorView> inputs;
  std::vector<OutputSlot> outputs;
  std::vector<std::vector<std::byte>> buffers;  // of the outputs
};

Status run(Prepared& prepared) {
  return prepared.executor->run(prepared.inputs, prepared.outputs);
}

Result<Prepared> prepare(Engine& engine, const std::filesystem::path& file, const CoreGroup& group,
                         const std::map<std::string, Tensor>& tensors) {
  Result<std::shared_ptr<Executor>> executor = engine.prepare(file, group);
  if (!executor) return executor.error();
  Prepared prepared{*executor, {}, {}, {}};
  for (const TensorInfo& input : prepared.executor->signature().inputs) {
    const auto found = tensors.find(input.name);
    prepared.inputs.push_back(found == tensors.end() ? TensorView{} : found->second.view());
  }
  prepared.outputs.resize(prepared.executor->signature().outputs.size());
  if (Status first = run(prepared); !first) return first.error();
  // From now on with buffers that fit, as on the request path.
  for (OutputSlot& output : prepared.outputs) {
    prepared.buffers.emplace_back(output.view.data.size());
    output.buffer = prepared.buffers.back();
  }
  if (Status second = run(prepared); !second) return second.error();
  return prepared;
}

Microseconds median(std::vector<Microseconds> times) {
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  return *middle;
}

// One segment on one or more groups at once.
class Together {
 public:
  Together(Engine& engine, std::filesystem::path file, std::span<const CoreGroup> groups)
      : engine_(engine), file_(std::move(file)), groups_(groups), measuring_(groups.size()), ready_(std::ssize(groups)) {}

  // Adds what the segment writes to `tensors`.
  Result<Microseconds> measure(std::map<std::string, Tensor>& tensors) {
    std::vector<Status> statuses(groups_.size());
    std::vector<std::vector<Microseconds>> times(groups_.size());
    {
      std::vector<std::jthread> threads;  // of their own, since they are pinned
      for (std::size_t i = 0; i < groups_.size(); ++i) {
        threads.emplace_back([&, i] { statuses[i] = run_on(groups_[i], tensors, times[i], i == 0 ? &written_ : nullptr); });
      }
    }
    std::vector<Microseconds> all;
    for (std::size_t i = 0; i < groups_.size(); ++i) {
      if (!statuses[i]) return statuses[i].error();
      all.insert(all.end(), times[i].begin(), times[i].end());
    }
    tensors.merge(written_);
    return median(std::move(all));
  }

 private:
  // Every thread comes by the gate, also one that has failed; and goes on until all have measured enough, so that no other has it easier.
  Status run_on(const CoreGroup& group, const std::map<std::string, Tensor>& tensors, std::vector<Microseconds>& times,
                std::map<std::string, Tensor>* written) {
    Result<Prepared> prepared = prepare_pinned(group, tensors);
    if (!prepared) --measuring_;
    ready_.arrive_and_wait();
    if (!prepared) return prepared.error();
    Status measured = repeat(*prepared, times);
    const std::vector<TensorInfo>& names = prepared->executor->signature().outputs;
    for (std::size_t i = 0; measured && written != nullptr && i < names.size(); ++i) {
      (*written)[names[i].name] = copy_of(prepared->outputs[i].view);
    }
    return measured;
  }

  Result<Prepared> prepare_pinned(const CoreGroup& group, const std::map<std::string, Tensor>& tensors) {
    if (Status pinned = pin_this_thread(std::span(group.cores).first(1)); !pinned) return pinned.error();
    return prepare(engine_, file_, group, tensors);
  }

  Status repeat(Prepared& prepared, std::vector<Microseconds>& times) {
    const Clock::time_point start = Clock::now();
    bool done = false;
    while (!done || measuring_ > 0) {
      const Clock::time_point begin = Clock::now();
      Status ran = run(prepared);
      if (!ran && !done) --measuring_;
      if (!ran) return ran;
      if (!done) times.push_back(Clock::now() - begin);
      if (!done && times.size() >= fewest_runs && Clock::now() - start >= enough) done = true, --measuring_;
    }
    return {};
  }

  Engine& engine_;
  std::filesystem::path file_;
  std::span<const CoreGroup> groups_;
  std::atomic<std::size_t> measuring_;  // groups that have not measured enough
  std::latch ready_;
  std::map<std::string, Tensor> written_;
};

// As many groups of this width as the machine has cores for.
Result<std::vector<CoreGroup>> all_groups(const Machine& machine, int width) {
  std::string spec;
  for (std::size_t i = 0; i < machine.cores.size() / static_cast<std::size_t>(width); ++i) {
    spec += (spec.empty() ? "" : ",") + std::to_string(width);
  }
  return core_groups(machine, spec);
}

// The inputs of `batch` equal requests.
std::map<std::string, Tensor> tensors_of(const Study& study, int batch) {
  std::map<std::string, Tensor> tensors;
  for (std::size_t i = 0; i < study.inputs.size(); ++i) {
    if (study.inputs[i].type() == DataType::undefined) continue;
    const std::vector<TensorView> requests(static_cast<std::size_t>(batch), study.inputs[i].view());
    tensors[study.model.signature().inputs[i].name] = batch == 1 ? study.inputs[i] : stacked(requests);
  }
  return tensors;
}

// An unreadable cache is an empty one.
Json read_cache(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  Json cache = Json::parse(stream, nullptr, false);
  return cache.is_object() ? cache : Json::object();
}

std::optional<std::map<int, Microseconds>> times_of(const Json& row, const std::vector<int>& widths) {
  if (!row.is_array() || row.size() != widths.size()) return std::nullopt;
  std::map<int, Microseconds> times;
  for (std::size_t w = 0; w < widths.size(); ++w) {
    if (!row[w].is_number() || !(row[w].get<double>() > 0)) return std::nullopt;
    times[widths[w]] = Microseconds(row[w].get<double>());
  }
  return times;
}

// {"others": share, "segments": [[[alone by width], [busy by width]], ...]}
std::optional<CutTimes> times_of(const Json& entry, std::size_t segments, const std::vector<int>& widths) {
  if (!entry.is_object() || !entry.contains("segments") || entry["segments"].size() != segments) return std::nullopt;
  const Json others = entry.value("others", Json());
  if (!others.is_number() || !entry["segments"].is_array()) return std::nullopt;
  CutTimes times{{}, others.get<double>()};
  for (const Json& pair : entry["segments"]) {
    if (!pair.is_array() || pair.size() != 2) return std::nullopt;
    auto alone = times_of(pair[0], widths), busy = times_of(pair[1], widths);
    if (!alone || !busy) return std::nullopt;
    times.segments.push_back({*std::move(alone), *std::move(busy)});
  }
  return times;
}

Json entry_of(const CutTimes& times) {
  const auto row = [](const std::map<int, Microseconds>& by_width) {
    Json json = Json::array();
    for (const auto& [width, time] : by_width) json.push_back(time.count());
    return json;
  };
  Json entry = Json::array();
  for (const CpuTimes& segment : times.segments) entry.push_back(Json::array({row(segment.alone), row(segment.busy)}));
  return {{"others", times.others_share}, {"segments", std::move(entry)}};
}

}  // namespace

// One file per model, one entry per cut and circumstances.
struct SegmentCosts::Cache {
  std::filesystem::path file;
  Json circumstances;
  Json known;
  bool fresh = false;
  std::set<std::string> measured;  // keys, by this object

  std::string key(const Json& what) const {
    return Json::array({circumstances, what}).dump(-1, ' ', false, Json::error_handler_t::replace);
  }

  void put(const Json& what, Json value) {
    known[key(what)] = std::move(value);
    measured.insert(key(what));
  }

  std::optional<CutTimes> times(const Variant& variant, const std::vector<int>& widths, int batch) const {
    const std::string wanted = key({widths, variant.node_segment, batch});
    if (fresh && !measured.contains(wanted)) return std::nullopt;
    return times_of(known.value(wanted, Json()), variant.segments.size(), widths);
  }
};

SegmentCosts::SegmentCosts(const Machine& machine, Engine& engine, const Study& study, std::filesystem::path directory,
                           const std::filesystem::path& cache, bool fresh)
    : machine_(machine), engine_(engine), study_(study), directory_(std::move(directory)) {
  const std::filesystem::path file = cache / "segments" / (study.costs.model_hash + ".json");
  cache_ =
      std::make_unique<Cache>(Cache{file, {machine.id(), study.costs.engine, study.costs.shapes}, read_cache(file), fresh, {}});
}

SegmentCosts::~SegmentCosts() = default;

bool SegmentCosts::knows(const Variant& variant, const std::vector<int>& widths, int batch) const {
  return cache_->times(variant, widths, batch).has_value();
}

Result<CutTimes> SegmentCosts::measure(const Variant& variant, const std::vector<int>& widths, int batch) {
  if (auto known = cache_->times(variant, widths, batch)) return *std::move(known);
  const std::optional<ProcessorTime> begin = processor_time();
  Tensors tensors = tensors_of(study_, batch);
  CutTimes times{std::vector<CpuTimes>(variant.segments.size())};
  for (std::size_t s = 0; s < variant.segments.size(); ++s) {
    const Status measured = measure_segment(directory_ / variant.segments[s].file, widths, tensors, times.segments[s]);
    if (!measured) return with_context("segment '" + variant.segments[s].file + "'", measured.error());
  }
  const std::optional<ProcessorTime> end = processor_time();
  if (begin && end) times.others_share = others_share(*begin, *end);
  cache_->put({widths, variant.node_segment, batch}, entry_of(times));
  return times;
}

Status SegmentCosts::measure_segment(const std::filesystem::path& file, const std::vector<int>& widths, Tensors& tensors,
                                     CpuTimes& times) {
  for (const int width : widths) {
    Result<std::vector<CoreGroup>> groups = all_groups(machine_, width);
    if (!groups) return groups.error();
    Result<Microseconds> alone = Together(engine_, file, std::span(*groups).first(1)).measure(tensors);
    if (!alone) return alone.error();
    Result<Microseconds> busy = groups->size() == 1 ? alone : Together(engine_, file, *groups).measure(tensors);
    if (!busy) return busy.error();
    times.alone[width] = *alone;
    times.busy[width] = *busy;
  }
  return {};
}

std::optional<std::size_t> SegmentCosts::remembered(const std::string& question) const {
  if (cache_->fresh) return std::nullopt;
  const Json answer = cache_->known.value(cache_->key(question), Json());
  return answer.is_number_unsigned() ? std::optional(answer.get<std::size_t>()) : std::nullopt;
}

void SegmentCosts::remember(const std::string& question, std::size_t answer) {
  cache_->put(question, answer);
}

Status SegmentCosts::save() const {
  return cache_->measured.empty() ? Status() : write_file(cache_->file, cache_->known.dump());
}

}  // namespace staronnx
