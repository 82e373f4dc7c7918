#include "staronnx/bench/quantile.h"

#include <algorithm>
#include <cmath>

namespace staronnx {

Microseconds quantile(const std::vector<Microseconds>& sorted, double share) {
  // 0.95 * 20 is a little over 19 in binary: the smallest excess does not make the next rank.
  const double rank = std::ceil(share * static_cast<double>(sorted.size()) - 1e-9);
  const double last = static_cast<double>(sorted.size());
  return sorted[static_cast<std::size_t>(std::clamp(rank, 1.0, last)) - 1];
}

}  // namespace staronnx
