#include "staronnx/graph/strong_components.h"

#include <algorithm>

namespace staronnx {
namespace {

constexpr std::size_t none = static_cast<std::size_t>(-1);

class Tarjan {
 public:
  explicit Tarjan(const Successors& successors)
      : successors_(successors),
        found_(successors.size(), none),
        lowest_(successors.size()),
        component_(successors.size(), none) {
    for (std::size_t node = 0; node < successors.size(); ++node) {
      if (found_[node] == none) search_from(node);
    }
  }

  std::vector<std::size_t> components() const { return component_; }

 private:
  struct Visit {
    std::size_t node;
    std::size_t next;  // position in the node's successors
  };

  void search_from(std::size_t start) {
    enter(start);
    while (!path_.empty()) {
      Visit& visit = path_.back();
      if (visit.next < successors_[visit.node].size()) {
        advance(visit.node, successors_[visit.node][visit.next++]);
      } else {
        leave();
      }
    }
  }

  void enter(std::size_t node) {
    found_[node] = lowest_[node] = count_++;
    open_.push_back(node);
    path_.push_back({node, 0});
  }

  void advance(std::size_t node, std::size_t successor) {
    if (found_[successor] == none) {
      enter(successor);
    } else if (component_[successor] == none) {
      lowest_[node] = std::min(lowest_[node], found_[successor]);
    }
  }

  void leave() {
    const std::size_t node = path_.back().node;
    path_.pop_back();
    if (!path_.empty()) lowest_[path_.back().node] = std::min(lowest_[path_.back().node], lowest_[node]);
    if (lowest_[node] != found_[node]) return;
    while (component_[node] == none) {
      component_[open_.back()] = node;
      open_.pop_back();
    }
  }

  const Successors& successors_;
  std::vector<std::size_t> found_;      // when the search came to a node
  std::vector<std::size_t> lowest_;     // earliest node that it reaches among the open ones
  std::vector<std::size_t> component_;  // one of its nodes, once it is closed
  std::vector<std::size_t> open_;
  std::vector<Visit> path_;
  std::size_t count_ = 0;
};

}  // namespace

std::vector<std::size_t> strong_components(const Successors& successors) {
  std::vector<std::size_t> components = Tarjan(successors).components();
  std::vector<std::size_t> number(components.size(), none);
  std::size_t count = 0;
  for (std::size_t& component : components) {
    if (number[component] == none) number[component] = count++;
    component = number[component];
  }
  return components;
}

}  // namespace staronnx
