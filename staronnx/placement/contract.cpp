#include "staronnx/placement/contract.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <utility>

#include "staronnx/base/topological_order.h"

namespace staronnx {
namespace {

// Tensors between groups, those that go the same way added up.
std::vector<PlacementTensor> tensors_between(std::span<const PlacementTensor> tensors,
                                             std::span<const std::uint32_t> group_of_node) {
  std::map<std::pair<std::uint32_t, std::vector<std::uint32_t>>, double> transfers;
  for (const PlacementTensor& tensor : tensors) {
    const std::uint32_t producer = group_of_node[tensor.producer];
    if (producer == kDropped) continue;
    std::set<std::uint32_t> consumers;
    for (const std::uint32_t consumer : tensor.consumers) consumers.insert(group_of_node[consumer]);
    consumers.erase(producer);
    consumers.erase(kDropped);
    if (!consumers.empty()) transfers[{producer, {consumers.begin(), consumers.end()}}] += tensor.transfer;
  }
  std::vector<PlacementTensor> result;
  result.reserve(transfers.size());
  for (const auto& [ends, transfer] : transfers) result.push_back({ends.first, ends.second, transfer});
  return result;
}

// New numbers of the groups, topological.
std::vector<std::uint32_t> topological_numbers(std::size_t groups, std::span<const PlacementTensor> tensors) {
  Successors successors(groups);
  for (const PlacementTensor& tensor : tensors) {
    std::vector<std::size_t>& to = successors[tensor.producer];
    to.insert(to.end(), tensor.consumers.begin(), tensor.consumers.end());
  }
  for (std::vector<std::size_t>& to : successors) {
    std::sort(to.begin(), to.end());
    to.erase(std::unique(to.begin(), to.end()), to.end());
  }
  std::vector<std::uint32_t> number(groups);
  std::uint32_t next = 0;
  for (const std::size_t group : topological_order(successors)) number[group] = next++;
  return number;
}

std::size_t groups_in(std::span<const std::uint32_t> group_of_node) {
  std::size_t groups = 0;
  for (const std::uint32_t group : group_of_node) {
    if (group != kDropped) groups = std::max<std::size_t>(groups, group + 1);
  }
  return groups;
}

// One round of joining and dropping, in which each node takes part at most once.
class Round {
 public:
  explicit Round(const PlacementProblem& problem)
      : problem_(problem), adjacency_(problem), joins_(problem.nodes()), taken_(problem.nodes(), false) {
    std::iota(joins_.begin(), joins_.end(), 0U);
    for (std::uint32_t node = 0; node < problem.nodes(); ++node) {
      if (!taken_[node] && takes_no_time(node)) consider(node);
    }
  }

  bool changed() const { return changed_; }

  // By node: 0, 1, 2... or kDropped.
  std::vector<std::uint32_t> groups() const {
    std::vector<std::uint32_t> group(joins_.size(), kDropped);
    std::uint32_t next = 0;
    for (std::size_t node = 0; node < joins_.size(); ++node) {
      if (joins_[node] == node) group[node] = next++;
    }
    for (std::size_t node = 0; node < joins_.size(); ++node) {
      if (joins_[node] != kDropped) group[node] = group[joins_[node]];
    }
    return group;
  }

 private:
  bool takes_no_time(std::uint32_t node) const {
    return std::all_of(problem_.classes.begin(), problem_.classes.end(),
                       [&](const DeviceClass& one) { return one.time[node] == 0; });
  }

  double transfer_of(const std::vector<std::uint32_t>& tensors) const {
    double sum = 0;
    for (const std::uint32_t t : tensors) sum += problem_.tensors[t].transfer;
    return sum;
  }

  // The only node that reads what `node` writes; kDropped when there is none or another.
  std::uint32_t only_consumer(std::uint32_t node) const {
    std::uint32_t found = kDropped;
    for (const std::uint32_t t : adjacency_.writes[node]) {
      for (const std::uint32_t consumer : problem_.tensors[t].consumers) {
        if (found != kDropped && found != consumer) return kDropped;
        found = consumer;
      }
    }
    return found;
  }

  // The only node whose tensors `node` reads, when nobody else reads them or nobody reads from `node`; kDropped otherwise.
  std::uint32_t only_producer(std::uint32_t node) const {
    std::uint32_t found = kDropped;
    for (const std::uint32_t t : adjacency_.reads[node]) {
      const PlacementTensor& tensor = problem_.tensors[t];
      const bool is_shared = tensor.consumers.size() > 1 && !adjacency_.writes[node].empty();
      if ((found != kDropped && found != tensor.producer) || is_shared) return kDropped;
      found = tensor.producer;
    }
    return found;
  }

  void consider(std::uint32_t node) {
    const double in = transfer_of(adjacency_.reads[node]), out = transfer_of(adjacency_.writes[node]);
    const std::uint32_t consumer = only_consumer(node), producer = only_producer(node);
    if (adjacency_.reads[node].empty() && out == 0) {
      join(node, kDropped);
    } else if (in <= out && consumer != kDropped && !taken_[consumer]) {
      join(node, consumer);
    } else if (out <= in && producer != kDropped && !taken_[producer]) {
      join(node, producer);
    }
  }

  void join(std::uint32_t node, std::uint32_t into) {
    joins_[node] = into;
    taken_[node] = true;
    if (into != kDropped) taken_[into] = true;
    changed_ = true;
  }

  const PlacementProblem& problem_;
  Adjacency adjacency_;
  std::vector<std::uint32_t> joins_;  // by node: itself, the node that it joins, or kDropped
  std::vector<bool> taken_;
  bool changed_ = false;
};

}  // namespace

Contracted contract(const PlacementProblem& problem, std::span<const std::uint32_t> group_of_node) {
  const std::size_t groups = groups_in(group_of_node);
  std::vector<PlacementTensor> tensors = tensors_between(problem.tensors, group_of_node);
  const std::vector<std::uint32_t> number = topological_numbers(groups, tensors);
  Contracted result{problem, {group_of_node.begin(), group_of_node.end()}};
  for (std::uint32_t& group : result.group_of_node) {
    if (group != kDropped) group = number[group];
  }
  for (PlacementTensor& tensor : tensors) {
    tensor.producer = number[tensor.producer];
    for (std::uint32_t& consumer : tensor.consumers) consumer = number[consumer];
    std::sort(tensor.consumers.begin(), tensor.consumers.end());
  }
  for (DeviceClass& one : result.problem.classes) {
    std::vector<double> time(groups);
    for (std::size_t node = 0; node < group_of_node.size(); ++node) {
      if (result.group_of_node[node] != kDropped) time[result.group_of_node[node]] += one.time[node];
    }
    one.time = std::move(time);
  }
  result.problem.tensors = std::move(tensors);
  return result;
}

Contracted unchanged(const PlacementProblem& problem) {
  Contracted result{problem, std::vector<std::uint32_t>(problem.nodes())};
  std::iota(result.group_of_node.begin(), result.group_of_node.end(), 0U);
  return result;
}

Contracted reduce(const PlacementProblem& problem) {
  Contracted result = unchanged(problem);
  for (;;) {
    const Round round(result.problem);
    if (!round.changed()) return result;
    Contracted smaller = contract(result.problem, round.groups());
    if (smaller.problem.nodes() == 0) return result;
    for (std::uint32_t& group : result.group_of_node) {
      if (group != kDropped) group = smaller.group_of_node[group];
    }
    result.problem = std::move(smaller.problem);
  }
}

Cut expand(const PlacementProblem& whole, const Contracted& contracted, const Cut& cut) {
  Cut result{std::vector<std::uint32_t>(whole.nodes(), kDropped), cut.of_class};
  for (std::size_t node = 0; node < whole.nodes(); ++node) {
    const std::uint32_t group = contracted.group_of_node[node];
    if (group != kDropped) result.segment[node] = cut.segment[group];
  }
  const Adjacency adjacency(whole);
  for (std::size_t node = whole.nodes(); node-- > 0;) {  // consumers first
    if (contracted.group_of_node[node] != kDropped) continue;
    std::uint32_t& segment = result.segment[node];
    for (const std::uint32_t t : adjacency.writes[node]) {
      for (const std::uint32_t consumer : whole.tensors[t].consumers) segment = std::min(segment, result.segment[consumer]);
    }
    if (segment == kDropped) segment = 0;  // nobody reads what it writes
  }
  for (std::size_t node = 0; node < whole.nodes(); ++node) {  // joined before they were dropped: beside what they read
    if (contracted.group_of_node[node] != kDropped || adjacency.reads[node].empty()) continue;
    result.segment[node] = 0;
    for (const std::uint32_t t : adjacency.reads[node]) {
      result.segment[node] = std::max(result.segment[node], result.segment[whole.tensors[t].producer]);
    }
  }
  return result;
}

}  // namespace staronnx
