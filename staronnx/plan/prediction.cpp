#include "staronnx/plan/prediction.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "staronnx/machine/processor_class.h"
#include "staronnx/plan/queueing.h"

namespace staronnx {
namespace {

constexpr double kSloOverLone = 5;

// Ways to give k segments to n kinds of processors are n^k; beyond this many, only those that use one kind for all are looked at.
constexpr std::size_t kMostWays = 20'000;

// Resources of ways to run (WayToRun::use): the machine's cores, but one that drives each GPU; for each kind of processor elsewhere itself, the
// links to it, and those back; and groups of a width of which some cores are left over.
constexpr std::size_t kCores = 0, kItself = 0, kThere = 1, kBack = 2;

// A processor with a memory of its own, of which there may be several alike.
struct Elsewhere {
  std::size_t resources = 0;  // the first of its three
  Link there, back;
};

// Something that a segment can run on.
struct Place {
  std::string name;                    // "cpu x2", the GPU's, or "node0"
  int width = 0;                       // cores; a GPU is a fast one
  double speed = 1;                    // of each
  std::optional<Elsewhere> elsewhere;  // where it is not the machine's cores
};

struct Hardware {
  std::vector<Place> places;
  std::vector<double> numbers;                // by resource
  std::map<int, std::size_t> groups_of = {};  // the resource, by width
};

int cores_for_segments(const Machine& machine) {
  return static_cast<int>(without_driving_cores(machine).cores.size());
}

Microseconds time_on(const Segment& segment, const Place& place, int batch) {
  const std::map<int, Microseconds>& alone = (batch == 1 ? segment.cpu_time : segment.batched.at(batch)).alone;
  return at_width(alone, place.width) / place.speed;
}

Result<std::pair<Link, Link>> links_to(const Machine& machine, Memory device) {
  const Memory host{MemoryKind::numa_node, machine.cores[0].numa_node};
  const Link *there = machine.link(host, device), *back = machine.link(device, host);
  if (there != nullptr && back != nullptr) return std::pair(*there, *back);
  return Error{ErrorCode::invalid_argument, "the machine says nothing of the links " + host.name() + " to " + device.name() +
                                                " and back; add both to its 'links'"};
}

void add_elsewhere(Hardware& hardware, Place place, const std::pair<Link, Link>& links, int number) {
  place.elsewhere = {hardware.numbers.size(), links.first, links.second};
  hardware.numbers.insert(hardware.numbers.end(), 3, number);
  hardware.places.push_back(std::move(place));
}

// Of several kinds of GPUs, the first.
Status add_gpus(Hardware& hardware, const Machine& machine) {
  if (machine.gpus.empty()) return {};
  const Result<std::vector<ProcessorClass>> classes = processor_classes(machine);
  if (!classes) return classes.error();
  const ProcessorClass& gpu = classes->at(1);
  const auto links = links_to(machine, {MemoryKind::gpu, machine.gpus[0].ordinal});
  if (!links) return links.error();
  add_elsewhere(hardware, {gpu.name, 1, gpu.speed, {}}, *links, gpu.processors);
  return {};
}

Status add_nodes(Hardware& hardware, const Machine& machine) {
  for (const LentNode& node : machine.nodes) {
    const Memory memory{MemoryKind::node, node.number};
    const auto links = links_to(machine, memory);
    if (!links) return links.error();
    add_elsewhere(hardware, {memory.name(), node.cores, node.speed, {}}, *links, 1);
  }
  return {};
}

Result<Hardware> hardware_of(const Plan& plan, const Machine& machine) {
  const int cores = cores_for_segments(machine);
  Hardware hardware{{}, {static_cast<double>(cores)}};
  for (const auto& [width, time] : plan.variants[0].segments[0].cpu_time.alone) {
    if (width > cores) continue;
    hardware.places.push_back({"cpu x" + std::to_string(width), width, 1, {}});
    if (cores % width == 0) continue;  // or all cores bound them, too
    hardware.groups_of[width] = hardware.numbers.size();
    hardware.numbers.push_back(cores / width);
  }
  if (Status gpus = add_gpus(hardware, machine); !gpus) return gpus.error();
  if (Status nodes = add_nodes(hardware, machine); !nodes) return nodes.error();
  return hardware;
}

// Segments of a variant on places, one each, for `batch` requests at once.
class Way {
 public:
  Way(const Plan& plan, const Variant& variant, const Hardware& hardware, const std::vector<std::size_t>& chosen, int batch)
      : plan_(plan), variant_(variant), hardware_(hardware), chosen_(chosen), batch_(batch) {}

  WayToRun run() const {
    WayToRun way{variant_.name, {}, batch_, {}, std::vector<Microseconds>(hardware_.numbers.size())};
    for (std::size_t s = 0; s < chosen_.size(); ++s) {
      const Place& place = place_of(s);
      const Microseconds time = time_on(variant_.segments[s], place, batch_);
      way.processors.push_back(place.name);
      way.lone += time + kHandover;
      if (place.elsewhere) {
        way.use[place.elsewhere->resources + kItself] += time / batch_;
        add_transfers(s, *place.elsewhere, way);
      } else {
        way.use[kCores] += time * place.width / batch_;
        for (const auto& [width, groups] : hardware_.groups_of) way.use[groups] += time * (place.width / width) / batch_;
      }
    }
    return way;
  }

 private:
  const Place& place_of(std::size_t segment) const { return hardware_.places[chosen_[segment]]; }

  // A tensor goes to a place elsewhere once, whoever made it; and back once when somebody in another place, or the answer, wants it.
  void add_transfers(std::size_t s, const Elsewhere& place, WayToRun& way) const {
    const Segment& segment = variant_.segments[s];
    for (const std::string& input : segment.inputs) {
      if (!made_there(input, s)) add(place.there, place.resources + kThere, input, way);
    }
    for (const std::string& output : segment.outputs) {
      if (wanted_outside(output, s)) add(place.back, place.resources + kBack, output, way);
    }
  }

  void add(const Link& link, std::size_t resource, const std::string& tensor, WayToRun& way) const {
    const auto batch = static_cast<std::uint64_t>(batch_);
    const Microseconds time = link.time_for(Bytes{batch * plan_.tensors.at(tensor).bytes.count});
    way.use[resource] += time / batch_;
    way.lone += time;
  }

  bool made_there(const std::string& tensor, std::size_t reader) const {
    for (std::size_t s = 0; s < reader; ++s) {
      const std::vector<std::string>& outputs = variant_.segments[s].outputs;
      if (chosen_[s] == chosen_[reader] && std::ranges::find(outputs, tensor) != outputs.end()) return true;
    }
    return false;
  }

  bool wanted_outside(const std::string& tensor, std::size_t maker) const {
    for (const TensorInfo& output : plan_.signature.outputs) {
      if (output.name == tensor) return true;
    }
    for (std::size_t s = maker + 1; s < variant_.segments.size(); ++s) {
      const std::vector<std::string>& inputs = variant_.segments[s].inputs;
      if (chosen_[s] != chosen_[maker] && std::ranges::find(inputs, tensor) != inputs.end()) return true;
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
  const int cores = cores_for_segments(machine);
  for (const auto& [width, time] : plan.variants[0].segments[0].cpu_time.alone) {
    const auto groups = static_cast<std::size_t>(cores / width);
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
  for (const Place& place : hardware->places) {
    if (place.elsewhere)
      prediction.estimates.push_back("times on " + place.name + ": those of " +
                                     (place.width == 1 ? "one core" : std::to_string(place.width) + " cores") +
                                     " divided by its speed");
  }
  return prediction;
}

}  // namespace staronnx
