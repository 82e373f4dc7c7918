#include "staronnx/simulate/carried_plan.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "staronnx/machine/processor_class.h"
#include "staronnx/simulate/noise.h"

namespace staronnx {
namespace {

// Those that elastic groups have (see places_of()), and all below; and those of nodes.
std::set<int> widths_of(const Machine& machine) {
  std::map<int, int> cores;
  for (const Core& core : without_driving_cores(machine).cores) ++cores[core.numa_node];
  std::set<int> widths;
  for (const auto& [node, count] : cores) {
    for (int width = 1; width < count; width *= 2) widths.insert(width);
    widths.insert(count);
  }
  for (const LentNode& node : machine.nodes) widths.insert(node.cores);
  return widths;
}

// Whether the plan has what everything takes that runs there.
bool is_measured(const Plan& plan, const Machine& machine) {
  const auto& known = plan.variants.front().segments.front().cpu_time.alone;
  return plan.machine == machine.id() &&
         std::ranges::all_of(widths_of(machine), [&](int width) { return known.contains(width); });
}

// By Amdahl's law, from one core and the most that were measured.
class Scaling {
 public:
  explicit Scaling(const std::map<int, Microseconds>& measured) : one_(measured.begin()->second) {
    const auto& [width, time] = *measured.rbegin();
    if (width > 1) divided_ = std::clamp((1 - time / one_) / (1 - 1.0 / width), 0.0, 1.0);
  }
  Microseconds time(int width) const { return one_ * (1 - divided_ + divided_ / width); }

 private:
  Microseconds one_;
  double divided_ = 0;  // share of the work
};

CpuTimes carried(const CpuTimes& measured, const std::set<int>& widths, std::size_t cores) {
  if (measured.alone.empty()) return measured;
  const Scaling scaling(measured.alone);
  const double slower = measured.busy.empty() ? 1 : measured.busy.begin()->second / measured.alone.begin()->second;
  CpuTimes times{{}, {}, measured.variation};
  for (const int width : widths) {
    const auto known = measured.alone.find(width);
    times.alone[width] = known == measured.alone.end() ? scaling.time(width) : known->second;
    times.busy[width] = times.alone[width] * (static_cast<std::size_t>(width) < cores ? slower : 1);
  }
  return times;
}

bool knows_variation(const Plan& plan) {
  return std::ranges::all_of(plan.variants, [](const Variant& variant) {
    return std::ranges::none_of(variant.segments, [](const Segment& segment) { return segment.cpu_time.variation.empty(); });
  });
}

void say_estimates(const Machine& machine, const Plan& plan, CarriedPlan& carried) {
  if (const bool on_cores = knows_variation(plan); !on_cores || !machine.gpus.empty())
    carried.estimates.push_back("how much runs" + std::string(on_cores ? " on GPUs" : "") + " vary: by " +
                                std::to_string(std::lround(100 * (Noise::kLeast - 1))) + " to +" +
                                std::to_string(std::lround(100 * (Noise::kMost - 1))) + " % of the median");
  if (plan.machine != machine.id())
    carried.estimates.push_back("times on cores: those measured on '" + plan.machine + "', taken for as fast");
  const int measured = plan.variants.front().segments.front().cpu_time.alone.rbegin()->first;
  if (const int widest = *widths_of(machine).rbegin(); widest > measured) {
    carried.estimates.push_back("times on " + std::to_string(measured + 1) + " to " + std::to_string(widest) +
                                " cores together: extrapolated from those on 1 to " + std::to_string(measured));
  }
  std::set<std::string> gpus;
  for (const Gpu& gpu : machine.gpus) gpus.insert(gpu.name);
  for (const std::string& name : gpus)
    carried.estimates.push_back("times on " + name + ": those of one core divided by its speed");
  for (const LentNode& node : machine.nodes) {
    carried.estimates.push_back("times on " + Memory{MemoryKind::node, node.number}.name() + ": those of " +
                                (node.cores == 1 ? "one core" : std::to_string(node.cores) + " cores") +
                                " here divided by its speed, and its messages");
  }
}

}  // namespace

CarriedPlan carried_to(const Machine& machine, Plan plan) {
  CarriedPlan carried_plan;
  say_estimates(machine, plan, carried_plan);
  if (!is_measured(plan, machine)) {
    const std::set<int> widths = widths_of(machine);
    for (Variant& variant : plan.variants) {
      for (Segment& segment : variant.segments) {
        segment.cpu_time = carried(segment.cpu_time, widths, machine.cores.size());
        for (auto& [batch, times] : segment.batched) times = carried(times, widths, machine.cores.size());
      }
    }
  }
  carried_plan.plan = std::move(plan);
  return carried_plan;
}

Microseconds time_elsewhere(const Segment& segment, int cores, double speed, int batch) {
  const auto measured = segment.batched.find(batch);
  const bool known = measured != segment.batched.end();
  const Microseconds time = at_width((known ? measured->second : segment.cpu_time).alone, cores);
  return (known ? 1 : batch) * time / speed;
}

}  // namespace staronnx
