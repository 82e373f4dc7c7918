#include "staronnx/placement/cut.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace staronnx {

std::vector<SegmentLoad> loads_of(const PlacementProblem& problem, const Cut& cut) {
  std::vector<SegmentLoad> loads(cut.of_class.size());
  for (std::size_t node = 0; node < cut.segment.size(); ++node) {
    const std::uint32_t segment = cut.segment[node];
    loads[segment].compute += problem.classes[cut.of_class[segment]].time[node];
  }
  std::vector<std::uint32_t> receivers;
  for (const PlacementTensor& tensor : problem.tensors) {
    receivers.clear();
    for (const std::uint32_t consumer : tensor.consumers) receivers.push_back(cut.segment[consumer]);
    std::sort(receivers.begin(), receivers.end());
    receivers.erase(std::unique(receivers.begin(), receivers.end()), receivers.end());
    std::erase(receivers, cut.segment[tensor.producer]);
    if (!receivers.empty()) loads[cut.segment[tensor.producer]].out += tensor.transfer;
    for (const std::uint32_t receiver : receivers) loads[receiver].in += tensor.transfer;
  }
  return loads;
}

double busy_time(const PlacementProblem& problem, std::size_t processor_class, const SegmentLoad& load) {
  if (!problem.classes[processor_class].pays_transfers) return load.compute;
  return problem.overlap ? std::max({load.compute, load.in, load.out}) : load.compute + load.in + load.out;
}

CutWorth worth_of(const PlacementProblem& problem, const Cut& cut) {
  CutWorth worth;
  const std::vector<SegmentLoad> loads = loads_of(problem, cut);
  for (std::size_t s = 0; s < loads.size(); ++s) {
    worth.period = std::max(worth.period, busy_time(problem, cut.of_class[s], loads[s]));
    worth.lone_latency += loads[s].compute;
    if (problem.classes[cut.of_class[s]].pays_transfers) worth.lone_latency += loads[s].in + loads[s].out;
    worth.transferred += loads[s].in;
  }
  return worth;
}

double period_of(const PlacementProblem& problem, const std::vector<std::uint32_t>& segment_of_node,
                 const std::vector<std::uint32_t>& class_of_segment) {
  return worth_of(problem, {segment_of_node, class_of_segment}).period;
}

void CutPool::add(Cut cut, PlacementMethod method) {
  Found candidate{worth_of(problem_, cut), std::move(cut), method};
  const auto place =
      std::upper_bound(found_.begin(), found_.end(), candidate, [](const Found& a, const Found& b) { return a.worth < b.worth; });
  const bool known = std::any_of(found_.begin(), found_.end(), [&](const Found& one) { return one.cut == candidate.cut; });
  if (known || place == found_.begin() + static_cast<std::ptrdiff_t>(most_)) return;
  found_.insert(place, std::move(candidate));
  if (found_.size() > most_) found_.pop_back();
}

double CutPool::limit() const {
  return found_.size() < most_ ? std::numeric_limits<double>::infinity() : found_.back().worth.period;
}

Adjacency::Adjacency(const PlacementProblem& problem) : reads(problem.nodes()), writes(problem.nodes()) {
  for (std::uint32_t t = 0; t < problem.tensors.size(); ++t) {
    writes[problem.tensors[t].producer].push_back(t);
    for (const std::uint32_t consumer : problem.tensors[t].consumers) reads[consumer].push_back(t);
  }
}

}  // namespace staronnx
