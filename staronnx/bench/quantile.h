// Exact quantiles: of all samples, nothing binned.
#pragma once

#include <vector>

#include "staronnx/base/units.h"

namespace staronnx {

// The nearest-rank quantile: the smallest sample such that at least `share` (0 < share <= 1) of all samples are not greater. So it
// is always one of the samples, and the 0.99 quantile of fewer than 100 samples is the greatest. `sorted`: ascending, not empty.
Microseconds quantile(const std::vector<Microseconds>& sorted, double share);

}  // namespace staronnx
