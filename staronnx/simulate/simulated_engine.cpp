#include "staronnx/simulate/simulated_engine.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "staronnx/execute/gpu_executor.h"
#include "staronnx/plan/prediction.h"
#include "staronnx/schedule/threads.h"
#include "staronnx/simulate/carried_plan.h"
#include "staronnx/simulate/noise.h"
#include "staronnx/simulate/platform.h"
#include "staronnx/simulate/virtual_time.h"

namespace staronnx {

// What executors share. Actors take turns, and here nobody waits while it changes.
struct SimulatedHardware {
  // A GPU, which is one fast core, or a node.
  struct Elsewhere {
    int cores = 1;
    double speed = 1;         // of each
    bool node = false;        // then runs vary as on cores here
    Microseconds messages{};  // to have a run begin, and to hear of its end
    Microseconds worked{};
    Mutex works;
  };

  std::size_t cores = 0;
  std::size_t cores_at_work = 0;
  Microseconds cores_worked{};
  std::map<int, Elsewhere> elsewhere;  // by ordinal, or number of the node
  Noise noise;

  // A run's time in units of the median, on cores: as was measured, or else is assumed.
  double factor(const std::map<int, Variation>& measured, int width) {
    return measured.empty() ? noise.factor() : noise.factor(at_width(measured, width));
  }
};

namespace {

// A run on cores is looked at so many times: how many others work changes meanwhile.
constexpr int kLooks = 4;

// Of a segment: what it reads and writes, as the plan says.
class Shapes {
 public:
  Shapes(const Plan& plan, const Segment& segment) {
    for (const std::string& name : segment.inputs) signature_.inputs.push_back(info_of(plan, name));
    for (const std::string& name : segment.outputs) {
      signature_.outputs.push_back(plan.tensors.at(name).info);
      sizes_.push_back(plan.tensors.at(name).bytes);
    }
    for (const std::string& name : segment.inputs) planned_.push_back(plan.tensors.at(name).info.shape);
  }

  const Signature& signature() const { return signature_; }

  // For how many requests a run is, whose inputs these are.
  int batch_of(std::span<const TensorView> inputs) const {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (inputs[i].shape.empty() || planned_[i].empty() || planned_[i][0] <= 0) continue;
      return static_cast<int>(std::max<std::int64_t>(1, inputs[i].shape[0] / planned_[i][0]));
    }
    return 1;
  }

  void put(std::span<OutputSlot> outputs, int batch) const {
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      OutputSlot& output = outputs[i];
      output.shape = signature_.outputs[i].shape;
      if (batch > 1 && !output.shape.empty()) output.shape[0] *= batch;
      const std::size_t size = sizes_[i].count * static_cast<std::size_t>(batch);
      if (size > output.buffer.size()) output.overflow.resize(size);
      const std::span<std::byte> place = size > output.buffer.size() ? std::span(output.overflow) : output.buffer.first(size);
      output.view = {signature_.outputs[i].type, output.shape, place};
    }
  }

 private:
  // The model's own inputs may be left out, and be of any shape.
  static TensorInfo info_of(const Plan& plan, const std::string& name) {
    const auto given = std::ranges::find(plan.signature.inputs, name, &TensorInfo::name);
    return given == plan.signature.inputs.end() ? plan.tensors.at(name).info : *given;
  }

  Signature signature_;
  std::vector<Shape> planned_;  // by input
  std::vector<Bytes> sizes_;    // by output
};

class OnCores final : public Executor {
 public:
  OnCores(Shapes shapes, const Segment& segment, int width, std::shared_ptr<SimulatedHardware> hardware)
      : shapes_(std::move(shapes)), segment_(segment), width_(width), hardware_(std::move(hardware)) {}

  const Signature& signature() const override { return shapes_.signature(); }

  Status run(std::span<const TensorView> inputs, std::span<OutputSlot> outputs) override {
    const int batch = shapes_.batch_of(inputs);
    const double factor = hardware_->factor(measured(batch).variation, width_);
    const Clock::time_point begin = Clock::now();
    hardware_->cores_at_work += static_cast<std::size_t>(width_);
    for (int look = 0; look < kLooks; ++look) pass(factor / kLooks * time(batch));
    hardware_->cores_at_work -= static_cast<std::size_t>(width_);
    pass(kHandover);
    hardware_->cores_worked += width_ * Microseconds(Clock::now() - begin);
    shapes_.put(outputs, batch);
    return {};
  }

 private:
  const CpuTimes& measured(int batch) const { return batch == 1 ? segment_.cpu_time : segment_.batched.at(batch); }

  // While so many cores work as do now.
  Microseconds time(int batch) const {
    const CpuTimes& times = measured(batch);
    const Microseconds alone = at_width(times.alone, width_);
    const std::size_t width = static_cast<std::size_t>(width_), others = hardware_->cores - width;
    if (times.busy.empty() || others == 0) return alone;
    const double share = static_cast<double>(hardware_->cores_at_work - width) / static_cast<double>(others);
    return alone + share * (at_width(times.busy, width_) - alone);
  }

  const Shapes shapes_;
  const Segment& segment_;
  const int width_;
  const std::shared_ptr<SimulatedHardware> hardware_;
};

// On a GPU or a node.
class OnAnother final : public GpuExecutor {
 public:
  OnAnother(Shapes shapes, const Segment& segment, SimulatedHardware::Elsewhere& there,
            std::shared_ptr<SimulatedHardware> hardware)
      : shapes_(std::move(shapes)), segment_(segment), there_(there), hardware_(std::move(hardware)) {}

  const Signature& signature() const override { return shapes_.signature(); }
  std::string note() const override { return {}; }
  bool asynchronous() const override { return false; }

  Status enqueue(std::span<const TensorView> inputs, std::span<OutputSlot> outputs) override {
    const int batch = shapes_.batch_of(inputs);
    {
      const std::lock_guard lock(there_.works);
      const double factor =
          there_.node ? hardware_->factor(segment_.cpu_time.variation, there_.cores) : hardware_->noise.factor();
      const Microseconds time = factor * time_elsewhere(segment_, there_.cores, there_.speed, batch);
      pass(time + there_.messages);
      there_.worked += time;
    }
    pass(kHandover);
    shapes_.put(outputs, batch);
    return {};
  }

  Result<GpuMemory> allocate(std::size_t bytes) override {
    const auto memory = std::make_shared<std::vector<std::byte>>(bytes);
    return GpuMemory{*memory, memory};
  }
  Status copy(std::span<std::byte>, std::span<const std::byte>) override { return {}; }  // there is nothing in them
  Status synchronize() override { return {}; }

 private:
  const Shapes shapes_;
  const Segment& segment_;
  SimulatedHardware::Elsewhere& there_;
  const std::shared_ptr<SimulatedHardware> hardware_;
};

}  // namespace

SimulatedEngine::SimulatedEngine(const Plan& plan, std::filesystem::path directory, const Machine& machine, std::uint64_t seed)
    : plan_(plan),
      directory_(std::move(directory)),
      hardware_(std::make_shared<SimulatedHardware>(SimulatedHardware{machine.cores.size(), 0, {}, {}, Noise(seed)})) {
  for (const Gpu& gpu : machine.gpus) hardware_->elsewhere[gpu.ordinal].speed = gpu.speed.value();
  for (const LentNode& node : machine.nodes) {
    SimulatedHardware::Elsewhere& there = hardware_->elsewhere[number_of_node(node)];
    there.cores = node.cores;
    there.speed = node.speed;
    there.node = true;
    there.messages = link_elsewhere(machine, {MemoryKind::node, node.number}, false)->latency;
  }
}

SimulatedEngine::~SimulatedEngine() = default;

Result<std::shared_ptr<Executor>> SimulatedEngine::prepare(const std::filesystem::path& model, const CoreGroup& group, Provider) {
  const Result<const Segment*> found = segment(model);
  if (!found) return found.error();
  return std::shared_ptr<Executor>(std::make_shared<OnCores>(Shapes(plan_, **found), **found, group.width(), hardware_));
}

Result<std::unique_ptr<GpuExecutor>> SimulatedEngine::prepare_on_gpu(const std::filesystem::path& model, const GpuPlace& place) {
  const Result<const Segment*> found = segment(model);
  if (!found) return found.error();
  return std::unique_ptr<GpuExecutor>(
      std::make_unique<OnAnother>(Shapes(plan_, **found), **found, hardware_->elsewhere.at(place.ordinal), hardware_));
}

Microseconds SimulatedEngine::cores_worked() const {
  return hardware_->cores_worked;
}

Microseconds SimulatedEngine::worked_elsewhere(int number) const {
  return hardware_->elsewhere.at(number).worked;
}

Result<const Segment*> SimulatedEngine::segment(const std::filesystem::path& model) const {
  for (const Variant& variant : plan_.variants) {
    for (const Segment& segment : variant.segments) {
      if (directory_ / segment.file == model) return &segment;
    }
  }
  return Error{ErrorCode::not_found, "the plan has no segment '" + model.string() + "'"};
}

}  // namespace staronnx
