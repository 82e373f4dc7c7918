#include <algorithm>

#include "staronnx/plan/crossings.h"
#include "staronnx/plan/picture.h"
#include "staronnx/plan/words.h"

namespace staronnx {
namespace {

// "openvino (1.28 times as fast as cpu on 1 core, 1.6 on 2 cores), ", by busy times; nothing where there was no choice.
std::string provider(const Segment& segment) {
  if (segment.provider == Provider::cpu && segment.other_provider_time.busy.empty()) return {};
  const Provider other = segment.provider == Provider::cpu ? Provider::openvino : Provider::cpu;
  std::string ratios;
  for (const auto& [width, time] : segment.other_provider_time.busy) {
    const auto taken = segment.cpu_time.busy.find(width);
    if (taken == segment.cpu_time.busy.end()) continue;
    const std::string whom = ratios.empty() ? " times as fast as " + std::string(to_string(other)) : "";
    ratios += (ratios.empty() ? "" : ", ") + number(time / taken->second) + whom + " on " +
              counted(static_cast<std::size_t>(width), "core");
  }
  return std::string(to_string(segment.provider)) + (ratios.empty() ? "" : " (" + ratios + ")") + ", ";
}

std::string times(const Segment& segment) {
  std::string text;
  for (const auto& [width, time] : segment.cpu_time.alone) {
    text += (text.empty() ? "" : ", ") + words(time) + " on " + counted(static_cast<std::size_t>(width), "core");
  }
  if (text.empty()) return "not measured";
  for (const auto& [batch, times] : segment.batched) {
    text += batch == segment.batched.begin()->first ? "; batches on 1 core: " : ", ";
    text += std::to_string(batch) + " in " + words(times.alone.at(1));
  }
  return text;
}

std::string note(const Segment& segment) {
  return segment.provider_note.empty() ? "" : "       " + segment.provider_note + "\n";
}

std::string work(const Variant& variant, std::size_t segment) {
  return percent(variant.work[segment]) + " of the work (wanted " + percent(variant.shares[segment]) + ")";
}

std::string describe_tensor(const Plan& plan, const std::string& name) {
  const auto found = plan.tensors.find(name);
  if (found == plan.tensors.end()) return name;
  const TensorInfo& info = found->second.info;
  return name + " (" + std::string(to_string(info.type)) + " " + to_string(info.shape) + ", " + words(found->second.bytes) + ")";
}

std::string describe(const Plan& plan, const Crossing& crossing) {
  constexpr std::size_t kMostNamed = 3;
  std::string text = "       from segment " + std::to_string(crossing.from + 1) + ": ";
  if (crossing.tensors.size() > kMostNamed)
    return text + counted(crossing.tensors.size(), "tensor") + ", " + words(crossing.bytes) + "\n";
  for (std::size_t i = 0; i < crossing.tensors.size(); ++i)
    text += (i == 0 ? "" : ", ") + describe_tensor(plan, crossing.tensors[i]);
  return text + "\n";
}

// How the cut was found and how good it is.
std::string origin(const Variant& variant) {
  if (variant.method == "shares") return "METIS' cut for the shares asked for";
  std::string text = "cut by " + variant.method;
  if (variant.cuts_measured > 0) text += ", the best of " + std::to_string(variant.cuts_measured) + " measured";
  return text + ", period / bound " + number(variant.period_over_bound);
}

std::string describe(const Plan& plan, const Variant& variant) {
  const std::vector<Segment>& segments = variant.segments;
  if (segments.size() == 1)
    return variant.name + ": one segment, " + counted(segments[0].nodes, "node") + ", " + provider(segments[0]) +
           times(segments[0]) + "\n" + note(segments[0]);
  std::string text = variant.name + ": " + counted(segments.size(), "segment") + ", " + words(variant.cut) +
                     " cross per request; " + origin(variant) + "\n";
  const std::vector<Crossing> all = crossings(plan, variant);
  for (std::size_t s = 0; s < segments.size(); ++s) {
    text += "  " + std::to_string(s + 1) + ": " + counted(segments[s].nodes, "node") + ", " + work(variant, s) + ", " +
            provider(segments[s]) + times(segments[s]) + "\n" + note(segments[s]);
    for (const Crossing& crossing : all) {
      if (crossing.to == s) text += describe(plan, crossing);
    }
  }
  return text;
}

std::string describe(const RateBound& bound) {
  if (bound.mix.empty()) return "no way of running it is quick enough";
  std::string text = number(bound.rate_per_s) + " requests/s (";
  for (const MixPart& part : bound.mix) {
    std::string where;
    for (const std::string& processor : part.processors) where += (where.empty() ? "" : " then ") + processor;
    text += (&part == &bound.mix.front() ? "" : "; ") + number(part.rate_per_s) + "/s " + part.variant + " on " + where;
    if (part.batch > 1) text += " in batches of " + std::to_string(part.batch);
  }
  return text + ")";
}

// "1,1", or "16 of width 1" where that would be long.
std::string words_for_groups(const std::string& core_groups) {
  const auto commas = static_cast<std::size_t>(std::ranges::count(core_groups, ','));
  if (commas < 4) return core_groups;
  return std::to_string(commas + 1) + " of width " + core_groups.substr(0, core_groups.find(','));
}

std::string describe(const Prediction& prediction) {
  std::string text = "predicted, with p99 within " + words(prediction.slo) + ":\n";
  for (const Forecast& forecast : prediction.forecasts) {
    text += "  " + forecast.variant + " on core groups " + words_for_groups(forecast.core_groups) + ": lone " +
            words(forecast.lone) + ", saturated at " + number(forecast.saturated_per_s) + "/s, congested from " +
            number(forecast.threshold_per_s) + "/s\n";
  }
  text += "the machine's bound: " + describe(prediction.bound) + "\n";
  text += "and with lone requests within the limit: " + describe(prediction.bound_within_slo) + "\n";
  for (const std::string& estimate : prediction.estimates) text += "estimated: " + estimate + "\n";
  return text;
}

}  // namespace

std::string describe(const Plan& plan) {
  std::string text = plan.model + " (sha256 " + plan.model_hash.substr(0, 12) + "), " + counted(plan.nodes.size(), "node") +
                     " to place\n" + "planned on " + plan.machine + " with " + plan.engine + "\n";
  for (std::size_t i = 0; i < plan.shapes.size(); ++i) {
    const TensorInfo& input = plan.signature.inputs[i];
    text += "input " + input.name + ": " + std::string(to_string(input.type)) + " " + to_string(plan.shapes[i]) + "\n";
  }
  for (const Variant& variant : plan.variants) text += "\n" + describe(plan, variant);
  return text + "\n" + describe(plan.prediction);
}

}  // namespace staronnx
