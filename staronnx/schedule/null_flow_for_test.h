// Segments that compute nothing, so that what is measured and counted is the scheduler's; for tests and benchmarks.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "staronnx/schedule/flow.h"
#include "staronnx/schedule/runtime_state.h"

namespace staronnx {

class NullExecutor final : public Executor {
 public:
  const Signature& signature() const override { return signature_; }
  Status run(std::span<const TensorView>, std::span<OutputSlot> outputs) override {
    for (OutputSlot& output : outputs) output.view = {DataType::uint8, {}, output.buffer.first(1)};
    return {};
  }

 private:
  Signature signature_;
};

// A chain of segments that compute nothing.
inline std::unique_ptr<Flow> null_flow(Runtime& runtime, std::size_t segments) {
  Plan plan;
  plan.signature.inputs.push_back({"0", DataType::uint8, {-1}, {"n"}, false});
  plan.signature.outputs.push_back({std::to_string(segments), DataType::uint8, {}, {}, false});
  Variant variant;
  std::vector<std::unique_ptr<PreparedSegment>> prepared;
  for (std::size_t i = 0; i < segments; ++i) {
    Segment& segment = variant.segments.emplace_back();
    segment.inputs = {std::to_string(i)};
    segment.outputs = {std::to_string(i + 1)};
    const PreparedSegment::OnPlace on_place{std::make_shared<NullExecutor>(), {Microseconds(10)}};
    prepared.push_back(std::make_unique<PreparedSegment>("null", std::vector(runtime.places().size(), on_place)));
  }
  std::vector<PreparedVariant> variants;
  variants.push_back({"null", *route_of(plan, variant), std::move(prepared)});
  return std::make_unique<Flow>(runtime.state(), plan.signature, std::move(variants), PipelineOptions{});
}

}  // namespace staronnx
