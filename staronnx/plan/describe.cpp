#include "staronnx/plan/crossings.h"
#include "staronnx/plan/picture.h"
#include "staronnx/plan/words.h"

namespace staronnx {
namespace {

std::string times(const Segment& segment) {
  std::string text;
  for (const auto& [width, time] : segment.cpu_time) {
    text += (text.empty() ? "" : ", ") + words(time) + " on " + counted(static_cast<std::size_t>(width), "core");
  }
  return text.empty() ? "not measured" : text;
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

std::string describe(const Plan& plan, const Variant& variant) {
  const std::vector<Segment>& segments = variant.segments;
  if (segments.size() == 1)
    return variant.name + ": one segment, " + counted(segments[0].nodes, "node") + ", " + times(segments[0]) + "\n";
  std::string text =
      variant.name + ": " + counted(segments.size(), "segment") + ", " + words(variant.cut) + " cross per request\n";
  const std::vector<Crossing> all = crossings(plan, variant);
  for (std::size_t s = 0; s < segments.size(); ++s) {
    text += "  " + std::to_string(s + 1) + ": " + counted(segments[s].nodes, "node") + ", " + work(variant, s) + ", " +
            times(segments[s]) + "\n";
    for (const Crossing& crossing : all) {
      if (crossing.to == s) text += describe(plan, crossing);
    }
  }
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
  return text;
}

}  // namespace staronnx
