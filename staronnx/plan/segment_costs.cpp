#include "staronnx/plan/segment_costs.h"

#include <algorithm>
#include <atomic>
#include <fstream>
#include <iterator>
#include <latch>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <thread>

#include "staronnx/base/deadline.h"
#include "staronnx/base/write_file.h"
#include "staronnx/execute/batching.h"
#include "staronnx/machine/affinity.h"
#include "staronnx/machine/other_load.h"
#include "staronnx/model/difference.h"
#include "staronnx/plan/words.h"

namespace staronnx {
namespace {

using Json = nlohmann::json;
using Tensors = std::map<std::string, Tensor>;

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

Result<Prepared> prepare(Engine& engine, const std::filesystem::path& file, Provider provider, const CoreGroup& group,
                         const Tensors& tensors) {
  Result<std::shared_ptr<Executor>> executor = engine.prepare(file, group, provider);
  if (!executor) return executor.error();
  Prepared prepared{*executor, input_views((*executor)->signature(), tensors), {}, {}};
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

Tensors written_by(const Prepared& prepared) {
  Tensors written;
  const std::vector<TensorInfo>& names = prepared.executor->signature().outputs;
  for (std::size_t i = 0; i < names.size(); ++i) written[names[i].name] = copy_of(prepared.outputs[i].view);
  return written;
}

Microseconds median(std::vector<Microseconds> times) {
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  return *middle;
}

struct RunTimes {
  Microseconds median{};
  Variation variation{};
  double others_share = 0;  // of the machine, meanwhile
};

// On one group while the others rest, and while all are at work.
struct WidthTimes {
  RunTimes alone{}, busy{};

  // The quicker of each counts.
  void take(const WidthTimes& other) {
    if (other.alone.median < alone.median) alone = other.alone;
    if (other.busy.median < busy.median) busy = other.busy;
  }
};

// Widths that follow each other, of which one seems to have been measured in a bad moment: more cores are hardly quicker, or quicker by more than
// they are more. Virtual machines have such moments, in which two cores are as slow as one for seconds, and tell nobody.
constexpr double kHardlyQuicker = 0.9;

std::set<int> doubtful(const std::map<int, WidthTimes>& times) {
  std::set<int> widths;
  for (auto narrow = times.begin(); narrow != times.end() && std::next(narrow) != times.end(); ++narrow) {
    const auto wide = std::next(narrow);
    const double left = wide->second.alone.median / narrow->second.alone.median;
    if (left < kHardlyQuicker && left * wide->first > kHardlyQuicker * narrow->first) continue;
    widths.insert({narrow->first, wide->first});
  }
  return widths;
}

// Between two runs in proportion.
Variation variation_of(std::vector<Microseconds> times, Microseconds median) {
  std::ranges::sort(times);
  Variation variation{};
  for (std::size_t i = 0; i < variation.size(); ++i) {
    const double place = kVariationAt[i] * static_cast<double>(times.size() - 1);
    const auto below = static_cast<std::size_t>(place), above = std::min(below + 1, times.size() - 1);
    variation[i] = (times[below] + (place - static_cast<double>(below)) * (times[above] - times[below])) / median;
  }
  return variation;
}

// One segment on one or more groups at once.
class Together {
 public:
  Together(Engine& engine, std::filesystem::path file, Provider provider, std::span<const CoreGroup> groups)
      : engine_(engine), file_(std::move(file)), provider_(provider), groups_(groups) {}

  // Once more where others were in the way: they only ever make runs slower, so the quicker of both counts.
  Result<RunTimes> measure(const Tensors& tensors) {
    Result<RunTimes> times = measure_once(tensors);
    if (!times || times->others_share <= kQuiet) return times;
    Result<RunTimes> again = measure_once(tensors);
    return !again || again->median < times->median ? again : times;
  }

  // After measuring.
  Tensors& written() { return written_; }
  const std::string& note() const { return note_; }

 private:
  Result<RunTimes> measure_once(const Tensors& tensors) {
    measuring_ = groups_.size();
    std::latch ready(std::ssize(groups_));
    const std::optional<ProcessorTime> begin = processor_time();
    std::vector<Status> statuses(groups_.size());
    std::vector<std::vector<Microseconds>> times(groups_.size());
    {
      std::vector<std::jthread> threads;  // of their own, since they are pinned
      for (std::size_t i = 0; i < groups_.size(); ++i) {
        threads.emplace_back([&, i] { statuses[i] = run_on(groups_[i], tensors, times[i], ready, i == 0); });
      }
    }
    std::vector<Microseconds> all;
    for (std::size_t i = 0; i < groups_.size(); ++i) {
      if (!statuses[i]) return statuses[i].error();
      all.insert(all.end(), times[i].begin(), times[i].end());
    }
    const Microseconds middle = median(all);
    const std::optional<ProcessorTime> end = processor_time();
    return RunTimes{middle, variation_of(std::move(all), middle), begin && end ? others_share(*begin, *end) : 0};
  }

  // Every thread comes by the gate, also one that has failed; and goes on until all have measured enough, so that no other has it easier.
  Status run_on(const CoreGroup& group, const Tensors& tensors, std::vector<Microseconds>& times, std::latch& ready, bool tells) {
    Result<Prepared> prepared = prepare_pinned(group, tensors);
    if (!prepared) --measuring_;
    ready.arrive_and_wait();
    if (!prepared) return prepared.error();
    Status measured = repeat(*prepared, times);
    if (measured && tells) {
      written_ = written_by(*prepared);
      note_ = prepared->executor->note();
    }
    return measured;
  }

  Result<Prepared> prepare_pinned(const CoreGroup& group, const Tensors& tensors) {
    if (Status pinned = pin_this_thread(std::span(group.cores).first(1)); !pinned) return pinned.error();
    return prepare(engine_, file_, provider_, group, tensors);
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
  Provider provider_;
  std::span<const CoreGroup> groups_;
  std::atomic<std::size_t> measuring_ = 0;  // groups that have not measured enough
  // Of the first group.
  Tensors written_;
  std::string note_;
};

// As many groups of this width as the machine has cores for.
Result<std::vector<CoreGroup>> all_groups(const Machine& machine, int width) {
  std::string spec;
  for (std::size_t i = 0; i < machine.cores.size() / static_cast<std::size_t>(width); ++i) {
    spec += (spec.empty() ? "" : ",") + std::to_string(width);
  }
  return core_groups(machine, spec);
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

// Without line breaks, the provider's own places in its source, and the directory that plans are made in, which is gone afterwards.
std::string in_one_line(std::string text, const std::filesystem::path& directory) {
  constexpr std::string_view reason = "[OpenVINO-EP] ";
  if (const std::size_t at = text.rfind(reason); at != std::string::npos) text.erase(0, at + reason.size());
  std::ranges::replace(text, '\n', ' ');
  const std::string place = directory.string() + "/";
  for (std::size_t at = text.find(place); at != std::string::npos; at = text.find(place, at)) text.erase(at, place.size());
  return text;
}

// Why `written` is not the same as `reference`; nothing: it is.
std::optional<std::string> what_is_off(const Tensors& written, const Tensors& reference) {
  for (const auto& [name, expected] : reference) {
    const Result<Difference> apart = difference(written.at(name).view(), expected.view(), another_provider_tolerance);
    if (!apart) return "its '" + name + "' is another: " + apart.error().message;
    if (!apart->equal) return "its '" + name + "' is " + number(apart->max_rel) + " of the largest value off, or not a number";
  }
  return std::nullopt;
}

std::optional<std::map<int, Variation>> variations_of(const Json& row, const std::vector<int>& widths) {
  if (!row.is_array() || row.size() != widths.size()) return std::nullopt;
  std::map<int, Variation> variations;
  for (std::size_t w = 0; w < widths.size(); ++w) {
    if (!row[w].is_array() || row[w].size() != kVariationAt.size()) return std::nullopt;
    for (std::size_t i = 0; i < kVariationAt.size(); ++i) {
      if (!row[w][i].is_number()) return std::nullopt;
      variations[widths[w]][i] = row[w][i].get<double>();
    }
  }
  return variations;
}

// {"others": share, "segments": [[[alone by width], [busy by width], [variation by width], note], ...]}; without times where there are none.
std::optional<CutTimes> times_of(const Json& entry, std::size_t segments, const std::vector<int>& widths) {
  if (!entry.is_object() || !entry.contains("segments") || entry["segments"].size() != segments) return std::nullopt;
  const Json others = entry.value("others", Json());
  if (!others.is_number() || !entry["segments"].is_array()) return std::nullopt;
  CutTimes times{{}, {}, others.get<double>()};
  const std::vector<int> none;
  for (const Json& segment : entry["segments"]) {
    if (!segment.is_array() || segment.size() != 4 || !segment[3].is_string()) return std::nullopt;
    const std::vector<int>& measured = segment[0].empty() ? none : widths;
    auto alone = times_of(segment[0], measured), busy = times_of(segment[1], measured);
    auto variations = variations_of(segment[2], measured);
    if (!alone || !busy || !variations) return std::nullopt;
    times.notes.push_back(segment[3].get<std::string>());
    times.segments.push_back({*std::move(alone), *std::move(busy), *std::move(variations)});
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
  for (std::size_t s = 0; s < times.segments.size(); ++s) {
    Json variations = Json::array();
    for (const auto& [width, variation] : times.segments[s].variation) variations.push_back(variation);
    entry.push_back(Json::array({row(times.segments[s].alone), row(times.segments[s].busy), variations, times.notes[s]}));
  }
  return {{"others", times.others_share}, {"segments", std::move(entry)}};
}

// What a measurement of a cut depends on, beside the circumstances.
Json question_of(const Variant& variant, const std::vector<int>& widths, int batch) {
  Json providers = Json::array();
  for (const Segment& segment : variant.segments) providers.push_back(to_string(segment.provider));
  return {widths, variant.node_segment, batch, providers};
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
    const std::string wanted = key(question_of(variant, widths, batch));
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
  Tensors tensors = study_.named_inputs(batch);
  CutTimes times;
  for (const Segment& segment : variant.segments) {
    Result<SegmentTimes> measured = measure_segment(segment, widths, tensors);
    if (!measured) return with_context("segment '" + segment.file + "'", study_.explained(measured.error()));
    times.segments.push_back(std::move(measured->times));
    times.notes.push_back(std::move(measured->note));
  }
  const std::optional<ProcessorTime> end = processor_time();
  if (begin && end) times.others_share = others_share(*begin, *end);
  cache_->put(question_of(variant, widths, batch), entry_of(times));
  return times;
}

Result<SegmentCosts::SegmentTimes> SegmentCosts::measure_segment(const Segment& segment, const std::vector<int>& widths,
                                                                 Tensors& tensors) {
  if (segment.provider == Provider::openvino) return measure_openvino(segment, widths, tensors);
  Tensors written;
  Result<SegmentTimes> timed = time(segment, widths, tensors, written);
  if (timed) tensors.merge(written);
  return timed;
}

Result<SegmentCosts::SegmentTimes> SegmentCosts::measure_openvino(const Segment& segment, const std::vector<int>& widths,
                                                                  Tensors& tensors) {
  const Result<std::vector<CoreGroup>> groups = all_groups(machine_, 1);
  if (!groups) return groups.error();
  const Result<Prepared> own = prepare(engine_, directory_ / segment.file, Provider::cpu, groups->front(), tensors);
  if (!own) return own.error();
  Tensors reference = written_by(*own), written;
  Result<SegmentTimes> timed = time(segment, widths, tensors, written);
  if (!timed) {
    timed = SegmentTimes{{}, "OpenVINO cannot run it: " + in_one_line(timed.error().message, directory_)};
  } else if (const std::optional<std::string> off = what_is_off(written, reference)) {
    timed = SegmentTimes{{}, "OpenVINO's results are not the same: " + *off};
  }
  tensors.merge(reference);
  return timed;
}

Result<SegmentCosts::SegmentTimes> SegmentCosts::time(const Segment& segment, const std::vector<int>& widths,
                                                      const Tensors& tensors, Tensors& written) {
  SegmentTimes timed;
  std::map<int, WidthTimes> times;
  const auto measure = [&](int width) -> Status {
    Result<std::vector<CoreGroup>> groups = all_groups(machine_, width);
    if (!groups) return groups.error();
    Together one(engine_, directory_ / segment.file, segment.provider, std::span(*groups).first(1));
    const Result<RunTimes> alone = one.measure(tensors);
    if (!alone) return alone.error();
    Together all(engine_, directory_ / segment.file, segment.provider, *groups);
    const Result<RunTimes> busy = groups->size() == 1 ? alone : all.measure(tensors);
    if (!busy) return busy.error();
    // Others at work only ever slow a group down: what was quicker then was measured in a worse moment alone.
    const WidthTimes seen{busy->median < alone->median ? *busy : *alone, *busy};
    if (const auto [known, first] = times.try_emplace(width, seen); !first) known->second.take(seen);
    timed.note = one.note();
    written = std::move(one.written());
    return {};
  };
  for (const int width : widths) {
    if (Status measured = measure(width); !measured) return measured.error();
  }
  for (const int width : doubtful(times)) {
    if (Status measured = measure(width); !measured) return measured.error();
  }
  for (const auto& [width, measured] : times) {
    timed.times.alone[width] = measured.alone.median;
    timed.times.busy[width] = measured.busy.median;
    timed.times.variation[width] = measured.busy.variation;
  }
  return timed;
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
