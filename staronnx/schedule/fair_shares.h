// Several pipelines on the same workers: whose task goes first. Pure.
//
// Each pipeline has a share of the machine. One that asks for less than its share is served as if it were alone, but for the task that is
// just running; one that asks for more gets what the others leave. So an overloaded model slows down only itself. Whoever is known to ask for
// more goes after all that do not: a few requests of theirs that come together by chance need not take turns with a backlog.
//
// Source: start-time fair queueing, P. Goyal, H. Vin, H. Cheng, IEEE/ACM Transactions on Networking 5(5), 1997.
#pragma once

#include <boost/container/flat_map.hpp>
#include <cstddef>
#include <memory_resource>
#include <span>
#include <vector>

#include "staronnx/base/units.h"

namespace staronnx {

// A waiting task.
struct Claim {
  std::size_t pipeline = 0;
  double share = 1;     // of the pipeline, relative to those of others; positive
  Microseconds time{};  // of the whole machine, that the task takes
  bool beyond = false;  // the pipeline asks for more than its share; see Tenants
};

class FairShares {
 public:
  // The claims (those of each pipeline in the order it wants) in the order in which they go. Equal ones: as they come. What is allocated
  // comes from `memory`.
  std::pmr::vector<std::size_t> order(std::span<const Claim> claims,
                                      std::pmr::memory_resource* memory = std::pmr::get_default_resource()) const;

  // A task has started.
  void started(const Claim& claim);

 private:
  double start_of(std::size_t pipeline) const;

  double now_ = 0;  // virtual time: where the last task started
  boost::container::flat_map<std::size_t, double>
      finished_;  // virtual time of its last task's end, by pipeline; those before `now_` left out
};

}  // namespace staronnx
