// The highest rate that a machine can reach with some ways of running a model, and the mix of them that reaches it.
//
// A way takes time on resources (cores, accelerators, link directions), per request; of each there is a number. The linear programme
//   max sum x   subject to   for each resource: sum x * time <= number,   x >= 0
// bounds every scheduler, when the times are the shortest there are.
#pragma once

#include <string>
#include <vector>

#include "staronnx/base/units.h"

namespace staronnx {

struct WayToRun {
  std::string variant;                  // "k2"
  std::vector<std::string> processors;  // by segment: "cpu x2"
  int batch = 1;                        // requests that run as one
  Microseconds lone{};                  // latency of one such batch alone
  std::vector<Microseconds> use;        // of each resource, per request

  bool operator==(const WayToRun&) const = default;
};

struct MixPart {
  std::string variant;
  std::vector<std::string> processors;
  int batch = 1;
  double rate_per_s = 0;

  bool operator==(const MixPart&) const = default;
};

struct RateBound {
  double rate_per_s = 0;  // 0 when no way is quick enough
  std::vector<MixPart> mix;

  bool operator==(const RateBound&) const = default;
};

// `numbers` of each resource; every way names as many. Only ways whose lone latency is at most `limit` take part.
RateBound machine_bound(const std::vector<WayToRun>& ways, const std::vector<double>& numbers, Microseconds limit);

}  // namespace staronnx
