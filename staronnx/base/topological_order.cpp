#include "staronnx/base/topological_order.h"

#include <functional>
#include <queue>

namespace staronnx {

std::vector<std::size_t> topological_order(const Successors& successors) {
  std::vector<std::size_t> waiting(successors.size());
  for (const std::vector<std::size_t>& nexts : successors) {
    for (std::size_t next : nexts) ++waiting[next];
  }
  std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>> ready;
  for (std::size_t node = 0; node < successors.size(); ++node) {
    if (waiting[node] == 0) ready.push(node);
  }
  std::vector<std::size_t> order;
  while (!ready.empty()) {
    order.push_back(ready.top());
    ready.pop();
    for (std::size_t next : successors[order.back()]) {
      if (--waiting[next] == 0) ready.push(next);
    }
  }
  return order;
}

}  // namespace staronnx
