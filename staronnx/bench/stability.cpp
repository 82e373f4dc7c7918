#include "staronnx/bench/stability.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace staronnx {

bool agree(std::span<const Point> windows, double allowed) {
  if (windows.size() < kAgreeing) return false;
  const auto last = windows.last(kAgreeing);
  const auto within = [&](auto value) {
    const auto [least, most] = std::ranges::minmax(last, {}, value);
    return value(most) <= (1 + allowed) * value(least);
  };
  return within([](const Point& point) { return point.served_per_s; }) &&
         within([](const Point& point) { return point.tail.count(); });
}

std::size_t middle_of_last(std::span<const Point> windows) {
  const std::size_t count = std::min(windows.size(), kAgreeing), first = windows.size() - count;
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), first);
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return windows[i].tail; });
  return order[(count - 1) / 2];
}

}  // namespace staronnx
