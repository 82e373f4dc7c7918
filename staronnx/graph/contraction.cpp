#include "staronnx/graph/contraction.h"

#include <algorithm>
#include <optional>

namespace staronnx {

Contraction::Contraction(const Successors& successors)
    : successors_(successors), predecessors_(successors.size()), group_(successors.size()), members_(successors.size()) {
  for (std::size_t node = 0; node < successors.size(); ++node) {
    group_[node] = node;
    members_[node] = {node};
    for (std::size_t next : successors[node]) predecessors_[next].push_back(node);
  }
}

std::size_t Contraction::group_of(std::size_t node) const {
  return group_[node];
}

bool Contraction::join_last_predecessor(std::size_t group) {
  std::optional<std::size_t> last;
  for (std::size_t member : members_[group]) {
    for (std::size_t node : predecessors_[member]) {
      if (group_[node] != group) last = std::max(last.value_or(0), group_[node]);
    }
  }
  if (last) join(group, *last);
  return last.has_value();
}

bool Contraction::join_first_successor(std::size_t group) {
  std::optional<std::size_t> first;
  for (std::size_t member : members_[group]) {
    for (std::size_t node : successors_[member]) {
      if (group_[node] != group) first = std::min(first.value_or(group_[node]), group_[node]);
    }
  }
  if (first) join(group, *first);
  return first.has_value();
}

void Contraction::join(std::size_t group, std::size_t into) {
  for (std::size_t member : members_[group]) group_[member] = into;
  members_[into].insert(members_[into].end(), members_[group].begin(), members_[group].end());
  members_[group].clear();
}

}  // namespace staronnx
