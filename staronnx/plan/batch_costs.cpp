#include "staronnx/plan/batch_costs.h"

#include <algorithm>
#include <string>

#include "staronnx/base/deadline.h"
#include "staronnx/execute/batching.h"

namespace staronnx {
namespace {

constexpr int kMostInBatch = 32;

// A batch twice as large must save this share of a request's time, on groups of some width, to be worth its wait. Two measurements of the
// same differ by about as much.
constexpr double kWorthwhile = 0.03;

Result<bool> can_be_batched(const Machine& machine, Engine& engine, const Study& study, const std::filesystem::path& directory,
                            SegmentCosts& costs) {
  if (!check_batch_dimension(study.model.signature())) return false;
  constexpr const char* question = "batches give what their requests give one by one";
  if (const std::optional<std::size_t> known = costs.remembered(question)) return *known == 1;
  Result<std::vector<CoreGroup>> groups = core_groups(machine, "1");
  if (!groups) return groups.error();
  Result<std::shared_ptr<Executor>> executor = engine.prepare(directory / whole_file, groups->front());
  if (!executor) return executor.error();
  const bool can = check_batching(**executor, study.inputs).ok();
  costs.remember(question, can ? 1 : 0);
  return can;
}

// Whether requests of `segment` cost less in batches of `batch` than of half as many.
bool pays(const Segment& segment, int batch) {
  const CpuTimes& smaller = batch == 2 ? segment.cpu_time : segment.batched.at(batch / 2);
  const CpuTimes& larger = segment.batched.at(batch);
  return std::ranges::any_of(
      larger.busy, [&](const auto& entry) { return entry.second / 2 < (1 - kWorthwhile) * smaller.busy.at(entry.first); });
}

}  // namespace

Status measure_batches(const Machine& machine, Engine& engine, const Study& study, const CompileRequest& request,
                       const std::filesystem::path& directory, SegmentCosts& costs, std::vector<Variant>& variants) {
  const Deadline deadline = Deadline::after(request.budget, Clock::now());
  if (deadline.passed(Clock::now())) return {};
  Result<bool> can = can_be_batched(machine, engine, study, directory, costs);
  if (!can) return can.error();
  for (int batch = 2; *can && batch <= kMostInBatch; batch *= 2) {
    std::vector<CutTimes> all;
    for (const Variant& variant : variants) {
      if (!costs.knows(variant, request.widths, batch)) {
        if (deadline.passed(Clock::now())) return {};
        request.progress("measuring batches of " + std::to_string(batch) + " of " + variant.name, 0.95);
      }
      Result<CutTimes> times = costs.measure(variant, request.widths, batch);
      if (!times) return times.error();
      all.push_back(*std::move(times));
    }
    for (std::size_t v = 0; v < variants.size(); ++v) {
      for (std::size_t s = 0; s < variants[v].segments.size(); ++s) variants[v].segments[s].batched[batch] = all[v].segments[s];
    }
    if (!pays(variants[0].segments[0], batch)) break;
  }
  return {};
}

}  // namespace staronnx
