#include "staronnx/plan/batch_costs.h"

#include <algorithm>
#include <map>
#include <string>

#include "staronnx/base/deadline.h"
#include "staronnx/execute/batching.h"

namespace staronnx {
namespace {

constexpr int kMostInBatch = 32;

using Tensors = std::map<std::string, Tensor>;

std::vector<Tensor> inputs_of(const Signature& signature, const Tensors& tensors) {
  std::vector<Tensor> inputs;
  for (const TensorInfo& input : signature.inputs) {
    const auto found = tensors.find(input.name);
    inputs.push_back(found == tensors.end() ? Tensor() : found->second);
  }
  return inputs;
}

// Whether batches give what their requests give one by one, in every segment for itself.
Result<bool> segments_can(const CoreGroup& group, Engine& engine, const Study& study, const std::filesystem::path& directory,
                          const Variant& variant) {
  Tensors tensors = study.named_inputs();
  for (const Segment& segment : variant.segments) {
    Result<std::shared_ptr<Executor>> executor = engine.prepare(directory / segment.file, group);
    if (!executor) return executor.error();
    const std::vector<Tensor> inputs = inputs_of((*executor)->signature(), tensors);
    if (!check_batching(**executor, inputs)) return false;
    std::vector<TensorView> views;
    for (const Tensor& input : inputs) views.push_back(input.view());
    std::vector<OutputSlot> outputs(segment.outputs.size());
    if (Status ran = (*executor)->run(views, outputs); !ran) return ran.error();
    for (std::size_t i = 0; i < outputs.size(); ++i) tensors[segment.outputs[i]] = copy_of(outputs[i].view);
  }
  return true;
}

Result<bool> can_be_batched(const Machine& machine, Engine& engine, const Study& study, const std::filesystem::path& directory,
                            SegmentCosts& costs, const Variant& variant) {
  if (!check_batch_dimension(study.model.signature())) return false;
  std::string question = "batches give what their requests give one by one:";
  for (const std::size_t segment : variant.node_segment) question += ' ' + std::to_string(segment);
  if (const std::optional<std::size_t> known = costs.remembered(question)) return *known == 1;
  Result<std::vector<CoreGroup>> groups = core_groups(machine, "1");
  if (!groups) return groups.error();
  const Result<bool> can = segments_can(groups->front(), engine, study, directory, variant);
  if (can) costs.remember(question, *can ? 1 : 0);
  return can;
}

// Whether requests of `segment` cost less in batches of `batch` than of half as many, on groups of some width.
bool pays(const Segment& segment, int batch) {
  const CpuTimes& smaller = batch == 2 ? segment.cpu_time : segment.batched.at(batch / 2);
  const CpuTimes& larger = segment.batched.at(batch);
  return std::ranges::any_of(larger.busy,
                             [&](const auto& entry) { return batch_pays(entry.second / 2, smaller.busy.at(entry.first)); });
}

}  // namespace

Status measure_batches(const Machine& machine, Engine& engine, const Study& study, const CompileRequest& request,
                       const std::filesystem::path& directory, SegmentCosts& costs, std::vector<Variant>& variants) {
  const Deadline deadline = Deadline::after(request.budget, Clock::now());
  if (deadline.passed(Clock::now())) return {};
  std::vector<Variant*> batched;
  for (Variant& variant : variants) {
    Result<bool> can = can_be_batched(machine, engine, study, directory, costs, variant);
    if (!can) return can.error();
    if (*can) batched.push_back(&variant);
  }
  if (batched.empty() || batched.front() != &variants.front()) return {};  // the whole decides how far to go
  for (int batch = 2; batch <= kMostInBatch; batch *= 2) {
    std::vector<CutTimes> all;
    for (const Variant* variant : batched) {
      if (!costs.knows(*variant, request.widths, batch)) {
        if (deadline.passed(Clock::now())) return {};
        request.progress("measuring batches of " + std::to_string(batch) + " of " + variant->name, 0.95);
      }
      Result<CutTimes> times = costs.measure(*variant, request.widths, batch);
      if (!times) return times.error();
      if (std::ranges::any_of(times->segments, [](const CpuTimes& segment) { return segment.busy.empty(); })) return {};
      all.push_back(*std::move(times));
    }
    for (std::size_t v = 0; v < batched.size(); ++v) {
      for (std::size_t s = 0; s < batched[v]->segments.size(); ++s) batched[v]->segments[s].batched[batch] = all[v].segments[s];
    }
    if (!pays(variants[0].segments[0], batch)) break;
  }
  return {};
}

}  // namespace staronnx
