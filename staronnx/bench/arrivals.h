// When requests are meant to be sent, drawn before the load begins.
#pragma once

#include <vector>

#include "staronnx/base/units.h"

namespace staronnx {

// Arrivals of a Poisson process during `duration`, ascending, counted from its start: rate_per_s * duration of them, rounded, at least
// one, placed independently and uniformly. That is a Poisson process given its count: even a short run offers exactly the rate it
// states. The same arguments give the same arrivals, so compared systems get the same load.
std::vector<Seconds> poisson_arrivals(double rate_per_s, Seconds duration, unsigned seed);

}  // namespace staronnx
