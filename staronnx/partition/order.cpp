#include "staronnx/partition/order.h"

#include <numeric>
#include <random>
#include <utility>

namespace staronnx {

std::vector<std::uint32_t> given_order(const Problem& problem) {
  std::vector<std::uint32_t> order(problem.nodes());
  std::iota(order.begin(), order.end(), 0);
  return order;
}

std::vector<std::uint32_t> random_order(const Problem& problem, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::uint32_t> ready, order;
  std::vector<std::size_t> missing;
  for (std::uint32_t node = 0; node < problem.nodes(); ++node) {
    missing.push_back(problem.reads[node].size());
    if (missing[node] == 0) ready.push_back(node);
  }
  while (!ready.empty()) {
    std::swap(ready[random() % ready.size()], ready.back());
    const std::uint32_t node = ready.back();
    ready.pop_back();
    order.push_back(node);
    for (const std::uint32_t tensor : problem.writes[node]) {
      for (const std::uint32_t consumer : problem.tensors[tensor].consumers) {
        if (--missing[consumer] == 0) ready.push_back(consumer);
      }
    }
  }
  return order;
}

}  // namespace staronnx
