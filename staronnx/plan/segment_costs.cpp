#include "staronnx/plan/segment_costs.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "staronnx/base/deadline.h"
#include "staronnx/base/write_file.h"
#include "staronnx/machine/affinity.h"

namespace staronnx {
namespace {

using Json = nlohmann::json;
using Tensors = std::map<std::string, Tensor>;
using Times = std::vector<std::map<int, Microseconds>>;  // by segment, by width

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

Status run(Prepared& prepared) { return prepared.executor->run(prepared.inputs, prepared.outputs); }

Result<Prepared> prepare(Engine& engine, const std::filesystem::path& file, const CoreGroup& group, const Tensors& tensors) {
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

Result<Microseconds> median_time(Prepared& prepared) {
  std::vector<Microseconds> times;
  const Clock::time_point start = Clock::now();
  while (times.size() < fewest_runs || Clock::now() - start < enough) {
    const Clock::time_point begin = Clock::now();
    if (Status done = run(prepared); !done) return done.error();
    times.push_back(Clock::now() - begin);
  }
  std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2), times.end());
  return times[times.size() / 2];
}

// Measures one segment on `group` and adds what it writes to `tensors`.
Result<Microseconds> measure_segment(Engine& engine, const std::filesystem::path& file, const CoreGroup& group, Tensors& tensors) {
  if (Status pinned = pin_this_thread(std::span(group.cores).first(1)); !pinned) return pinned.error();
  Result<Prepared> prepared = prepare(engine, file, group, tensors);
  if (!prepared) return prepared.error();
  Result<Microseconds> time = median_time(*prepared);
  if (!time) return time.error();
  const std::vector<TensorInfo>& names = prepared->executor->signature().outputs;
  for (std::size_t i = 0; i < names.size(); ++i) tensors[names[i].name] = copy_of(prepared->outputs[i].view);
  return time;
}

// On a thread of its own, since measuring pins the thread.
Result<Microseconds> measure_pinned(Engine& engine, const std::filesystem::path& file, const CoreGroup& group, Tensors& tensors) {
  std::optional<Result<Microseconds>> time;
  std::thread([&] { time.emplace(measure_segment(engine, file, group, tensors)); }).join();
  return *std::move(time);
}

Result<Times> measure_variant(const Machine& machine, Engine& engine, const std::filesystem::path& directory, const MeasuredInputs& inputs,
                              const std::vector<int>& widths, const Variant& variant) {
  Tensors tensors;
  for (std::size_t i = 0; i < inputs.tensors.size(); ++i) {
    if (inputs.tensors[i].type() != DataType::undefined) tensors[inputs.signature->inputs[i].name] = inputs.tensors[i];
  }
  Times times(variant.segments.size());
  for (std::size_t s = 0; s < variant.segments.size(); ++s) {
    for (int width : widths) {
      Result<std::vector<CoreGroup>> group = core_groups(machine, std::to_string(width));
      if (!group) return group.error();
      Result<Microseconds> time = measure_pinned(engine, directory / variant.segments[s].file, group->front(), tensors);
      if (!time) return with_context("segment '" + variant.segments[s].file + "'", time.error());
      times[s][width] = *time;
    }
  }
  return times;
}

// ---- the cache: one file per model, one entry per cut and circumstances ----

std::string key_of(const Plan& plan, const std::vector<int>& widths, const Variant& variant) {
  return Json{plan.machine, plan.engine, plan.shapes, widths, variant.node_segment}.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// An unreadable cache is an empty one.
Json read_cache(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  Json cache = Json::parse(stream, nullptr, false);
  return cache.is_object() ? cache : Json::object();
}

std::optional<Times> times_of(const Json& entry, std::size_t segments, const std::vector<int>& widths) {
  if (!entry.is_array() || entry.size() != segments) return std::nullopt;
  Times times;
  for (const Json& row : entry) {
    if (!row.is_array() || row.size() != widths.size()) return std::nullopt;
    times.emplace_back();
    for (std::size_t w = 0; w < widths.size(); ++w) {
      if (!row[w].is_number() || !(row[w].get<double>() > 0)) return std::nullopt;
      times.back()[widths[w]] = Microseconds(row[w].get<double>());
    }
  }
  return times;
}

Json entry_of(const Times& times) {
  Json entry = Json::array();
  for (const auto& by_width : times) {
    Json row = Json::array();
    for (const auto& [width, time] : by_width) row.push_back(time.count());
    entry.push_back(row);
  }
  return entry;
}

}  // namespace

Status measure_segments(const Machine& machine, Engine& engine, const std::filesystem::path& directory, const MeasuredInputs& inputs,
                        const std::vector<int>& widths, const std::filesystem::path& cache, Plan& plan,
                        const std::function<void(const std::string&, double)>& progress) {
  const std::filesystem::path file = cache / "segments" / (plan.model_hash + ".json");
  Json known = read_cache(file);
  bool measured = false;
  for (std::size_t v = 0; v < plan.variants.size(); ++v) {
    Variant& variant = plan.variants[v];
    const std::string key = key_of(plan, widths, variant);
    std::optional<Times> times = times_of(known.value(key, Json()), variant.segments.size(), widths);
    if (!times) {
      progress("measuring the segments of " + variant.name, static_cast<double>(v) / static_cast<double>(plan.variants.size()));
      Result<Times> fresh = measure_variant(machine, engine, directory, inputs, widths, variant);
      if (!fresh) return fresh.error();
      times = *std::move(fresh);
      known[key] = entry_of(*times);
      measured = true;
    }
    for (std::size_t s = 0; s < variant.segments.size(); ++s) variant.segments[s].cpu_time = (*times)[s];
  }
  return measured ? write_file(file, known.dump()) : Status();
}

}  // namespace staronnx
