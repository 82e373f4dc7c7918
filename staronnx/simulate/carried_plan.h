// A plan carried to another machine: what its segments would cost there.
#pragma once

#include <string>
#include <vector>

#include "staronnx/machine/machine.h"
#include "staronnx/plan/plan.h"

namespace staronnx {

struct CarriedPlan {
  Plan plan;                           // every segment with times for each width of core group that the machine may have
  std::vector<std::string> estimates;  // what stands in for measurements, in words
};

// On the machine where it was measured a plan keeps its times, if it has those of every width. Else a core is taken to be as fast as one there, alone and while all
// others work; more cores than were measured together divide the share of the work that the measured ones were seen to divide.
CarriedPlan carried_to(const Machine& machine, Plan plan);

// What a run for `batch` requests takes on so many cores that are each so many times as fast as one of the machine's. A GPU is one fast core (see Gpu::speed).
Microseconds time_elsewhere(const Segment& segment, int cores, double speed, int batch);

}  // namespace staronnx
