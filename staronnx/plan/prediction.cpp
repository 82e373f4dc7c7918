#include "staronnx/plan/prediction.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "staronnx/machine/processor_class.h"
#include "staronnx/plan/queueing.h"

namespace staronnx {
namespace {

constexpr double kSloOverLone = 5;

// Ways to give k segments to n kinds of processors are n^k; beyond this many, only those that use one kind for all are looked at.
constexpr std::size_t kMostWays = 20'000;

// Something that a segment can run on.
struct Place {
  std::string name;  // "cpu x2", or the GPU's
  int width = 0;     // cores; 0: a GPU
  double speed = 1;  // of a GPU, in cores
};

// Positions in WayToRun::use.
enum Resource : std::size_t { cores, gpus, to_gpu, from_gpu, resources };

struct Hardware {
  std::vector<Place> places;
  std::vector<double> numbers;  // by Resource
  std::optional<Link> to_gpu, from_gpu;
};

Microseconds time_on(const Segment& segment, const Place& place, int batch) {
  const std::map<int, Microseconds>& alone = (batch == 1 ? segment.cpu_time : segment.batched.at(batch)).alone;
  return place.width > 0 ? alone.at(place.width) : alone.at(1) / place.speed;
}

Result<Hardware> hardware_of(const Plan& plan, const Machine& machine) {
  Hardware hardware{{}, {static_cast<double>(machine.cores.size()), 0, 0, 0}, {}, {}};
  for (const auto& [width, time] : plan.variants[0].segments[0].cpu_time.alone) {
    hardware.places.push_back({"cpu x" + std::to_string(width), width, 1});
  }
  if (machine.gpus.empty()) return hardware;
  Result<std::vector<ProcessorClass>> classes = processor_classes(machine);
  if (!classes) return classes.error();
  const ProcessorClass& gpu = classes->at(1);  // of several kinds, the first
  hardware.places.push_back({gpu.name, 0, gpu.speed});
  const Memory host{MemoryKind::numa_node, machine.cores[0].numa_node}, device{MemoryKind::gpu, machine.gpus[0].ordinal};
  const Link *there = machine.link(host, device), *back = machine.link(device, host);
  if (there == nullptr || back == nullptr) {
    return Error{ErrorCode::invalid_argument, "the machine says nothing of the links " + host.name() + " to " + device.name() +
                                                  " and back; add both to its 'links'"};
  }
  hardware.to_gpu = *there;
  hardware.from_gpu = *back;
  for (const Resource resource : {gpus, to_gpu, from_gpu}) hardware.numbers[resource] = gpu.processors;
  return hardware;
}

// Segments of a variant on places, one each, for `batch` requests at once.
class Way {
 public:
  Way(const Plan& plan, const Variant& variant, const Hardware& hardware, const std::vector<std::size_t>& chosen, int batch)
      : plan_(plan), variant_(variant), hardware_(hardware), chosen_(chosen), batch_(batch) {}

  WayToRun run() const {
    WayToRun way{variant_.name, {}, batch_, {}, std::vector<Microseconds>(resources)};
    for (std::size_t s = 0; s < chosen_.size(); ++s) {
      const Place& place = place_of(s);
      const Microseconds time = time_on(variant_.segments[s], place, batch_);
      way.processors.push_back(place.name);
      way.lone += time + kHandover;
      place.width > 0 ? way.use[cores] += time * place.width / batch_ : way.use[gpus] += time / batch_;
      add_transfers(s, way);
    }
    return way;
  }

 private:
  const Place& place_of(std::size_t segment) const { return hardware_.places[chosen_[segment]]; }
  bool on_gpu(std::size_t segment) const { return place_of(segment).width == 0; }

  // A tensor goes to the GPU once, whoever made it; and back once when somebody there, or the answer, wants it.
  void add_transfers(std::size_t s, WayToRun& way) const {
    const Segment& segment = variant_.segments[s];
    if (!on_gpu(s)) return;
    for (const std::string& input : segment.inputs) {
      if (!made_on_gpu(input, s)) add(*hardware_.to_gpu, to_gpu, input, way);
    }
    for (const std::string& output : segment.outputs) {
      if (wanted_outside_gpu(output, s)) add(*hardware_.from_gpu, from_gpu, output, way);
    }
  }

  void add(const Link& link, Resource resource, const std::string& tensor, WayToRun& way) const {
    const auto batch = static_cast<std::uint64_t>(batch_);
    const Microseconds time = link.time_for(Bytes{batch * plan_.tensors.at(tensor).bytes.count});
    way.use[resource] += time / batch_;
    way.lone += time;
  }

  bool made_on_gpu(const std::string& tensor, std::size_t before) const {
    for (std::size_t s = 0; s < before; ++s) {
      if (on_gpu(s) && std::ranges::find(variant_.segments[s].outputs, tensor) != variant_.segments[s].outputs.end()) return true;
    }
    return false;
  }

  bool wanted_outside_gpu(const std::string& tensor, std::size_t after) const {
    for (const TensorInfo& output : plan_.signature.outputs) {
      if (output.name == tensor) return true;
    }
    for (std::size_t s = after + 1; s < variant_.segments.size(); ++s) {
      if (!on_gpu(s) && std::ranges::find(variant_.segments[s].inputs, tensor) != variant_.segments[s].inputs.end()) return true;
    }
    return false;
  }

  const Plan& plan_;
  const Variant& variant_;
  const Hardware& hardware_;
  const std::vector<std::size_t>& chosen_;
  const int batch_;
};

// Every way to give `segments` segments one of `places` places each.
std::vector<std::vector<std::size_t>> choices(std::size_t segments, std::size_t places) {
  std::vector<std::vector<std::size_t>> all;
  if (std::pow(static_cast<double>(places), static_cast<double>(segments)) > kMostWays) {
    for (std::size_t place = 0; place < places; ++place) all.emplace_back(segments, place);
    return all;
  }
  std::vector<std::size_t> chosen(segments, 0);
  for (std::size_t digit = 0; digit < segments;) {
    all.push_back(chosen);
    for (digit = 0; digit < segments && ++chosen[digit] == places; ++digit) chosen[digit] = 0;
  }
  return all;
}

std::vector<WayToRun> ways_of(const Plan& plan, const Hardware& hardware) {
  std::vector<WayToRun> ways;
  for (const Variant& variant : plan.variants) {
    std::vector<int> batches{1};
    for (const auto& [batch, times] : variant.segments[0].batched) batches.push_back(batch);
    for (const std::vector<std::size_t>& chosen : choices(variant.segments.size(), hardware.places.size())) {
      for (const int batch : batches) ways.push_back(Way(plan, variant, hardware, chosen, batch).run());
    }
  }
  return ways;
}

std::string groups_text(std::size_t count, int width) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += (text.empty() ? "" : ",") + std::to_string(width);
  return text;
}

// Requests on equal core groups, each of which serves one after the other. A group is alone when few requests are there and among busy
// others when there are many; in between, its time is taken to grow with the load.
Forecast forecast(const Variant& variant, std::size_t groups, int width, Microseconds slo) {
  Microseconds alone{}, busy{};
  for (const Segment& segment : variant.segments) {
    alone += segment.cpu_time.alone.at(width) + kHandover;
    busy += std::max(segment.cpu_time.alone.at(width), segment.cpu_time.busy.at(width)) + kHandover;
  }
  const EqualServers servers{static_cast<int>(groups), busy};
  Forecast result{
      variant.name, groups_text(groups, width), alone, servers.saturated_per_s(), congestion_threshold(servers, busy, slo), {}};
  for (const double utilisation : {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.97}) {
    const double rate = utilisation * result.saturated_per_s;
    const Microseconds served = alone + utilisation * (busy - alone);
    result.points.push_back({rate, served + waiting_time(servers, rate, 0.5), served + waiting_time(servers, rate, 0.99)});
  }
  return result;
}

std::vector<Forecast> forecasts_of(const Plan& plan, const Machine& machine, Microseconds slo) {
  std::vector<Forecast> forecasts;
  for (const auto& [width, time] : plan.variants[0].segments[0].cpu_time.alone) {
    const std::size_t groups = machine.cores.size() / static_cast<std::size_t>(width);
    for (const Variant& variant : plan.variants) {
      if (groups > 0) forecasts.push_back(forecast(variant, groups, width, slo));
    }
  }
  return forecasts;
}

}  // namespace

Result<Prediction> predict(const Plan& plan, const Machine& machine, std::optional<Microseconds> slo) {
  Result<Hardware> hardware = hardware_of(plan, machine);
  if (!hardware) return hardware.error();
  const std::vector<WayToRun> ways = ways_of(plan, *hardware);
  const WayToRun& quickest = *std::ranges::min_element(ways, {}, &WayToRun::lone);
  Prediction prediction;
  prediction.slo = slo.value_or(kSloOverLone * quickest.lone);
  prediction.bound = machine_bound(ways, hardware->numbers, Microseconds(std::numeric_limits<double>::infinity()));
  prediction.bound_within_slo = machine_bound(ways, hardware->numbers, prediction.slo);
  prediction.forecasts = forecasts_of(plan, machine, prediction.slo);
  if (!machine.gpus.empty()) {
    prediction.estimates.push_back("times on " + hardware->places.back().name + ": those of one core divided by its speed");
  }
  return prediction;
}

}  // namespace staronnx
