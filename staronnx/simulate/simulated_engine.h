// What stands in for ONNX Runtime and the processors: executors whose runs take virtual time and compute nothing.
//
// A run takes what the plan says of its segment and the number of requests, made longer or shorter at random (noise.h), and on cores the
// longer the more other cores work. A GPU or a node does one run at a time, in the order in which they come; for a node the messages come on top, which take as
// long as a small tensor does. Outputs have the plan's shapes; what is in
// them is undefined.
#pragma once

#include <filesystem>
#include <memory>

#include "staronnx/execute/engine.h"
#include "staronnx/machine/machine.h"
#include "staronnx/plan/plan.h"

namespace staronnx {

struct SimulatedHardware;

// By which prepare_on_gpu() knows a node: GPUs have numbers from 0.
inline int number_of_node(const LentNode& node) {
  return -1 - node.number;
}

class SimulatedEngine final : public ExecutorFactory {
 public:
  // `plan`: carried to the machine (carried_plan.h), outlives the executors; `directory` is where its files would be. Every GPU has a speed, every node links (see
  // platform.h).
  SimulatedEngine(const Plan& plan, std::filesystem::path directory, const Machine& machine, std::uint64_t seed);
  ~SimulatedEngine() override;

  Result<std::shared_ptr<Executor>> prepare(const std::filesystem::path& model, const CoreGroup& group,
                                            Provider provider = Provider::cpu) override;
  Result<std::unique_ptr<GpuExecutor>> prepare_on_gpu(const std::filesystem::path& model, const GpuPlace& place) override;
  bool has_tensorrt() const override { return false; }

  // Runs so far: of all cores together, and of a GPU or node.
  Microseconds cores_worked() const;
  Microseconds worked_elsewhere(int number) const;

 private:
  Result<const Segment*> segment(const std::filesystem::path& model) const;

  const Plan& plan_;
  const std::filesystem::path directory_;
  const std::shared_ptr<SimulatedHardware> hardware_;
};

}  // namespace staronnx
