// The core of the scheduling policy: a snapshot goes in, what to start now comes out. Pure; the same for StarPU's workers and the simulator.
//
// Ready tasks are looked at in their order. Each gets the place where it costs least: the moment it finishes there, plus the delay that it
// causes to others. The latter is the share of the machine that it takes there (time on each worker, and the time for which a worker
// that is idle now would wait for its neighbours), times the number of tasks behind it. So a task takes all idle cores together while
// few requests come, since it finishes soonest that way, and one core when many wait, since cores work best alone; and a slow
// processor takes no task that a faster one, busy now, would finish sooner. Bound late: only what can start at once does; the others
// are decided anew at the next event. A batch is what is ready of a kind when a processor becomes free, as much of it as pays: its
// requests all finish at its end, which the first of them bears, and what it saves of the machine's time, those behind.
//
// A task of a request that is to end within a limit goes as its course says (course.h), which is what was forecast when the request was taken
// on. What such requests will need later is booked in their order: others go before it where they will have ended by then.
//
// Simulated with the times of DenseNet-121, ResNet-50 and SqueezeNet (`staronnx simulate`, Poisson arrivals at 25 to 90 % of saturation), against
// the best fixed groups for each rate and percentile: on 2 cores 0.91 to 1.07 at the median, 0.98 to 1.06 at the 99th percentile; on 16
// cores 0.51 to 1.08 and 0.80 to 1.40, the latter where the groups that are best at the 99th percentile take 1.3 times as long at the median.
#pragma once

#include <cstddef>
#include <functional>
#include <memory_resource>
#include <span>
#include <vector>

#include "staronnx/base/units.h"
#include "staronnx/schedule/course.h"
#include "staronnx/schedule/place.h"

namespace staronnx {

struct ReadyTask {
  std::size_t kind = 0;  // tasks of one kind may run as one batch
  std::span<const int> batches =
      {};  // sizes of batches that may be made of that kind, ascending, beginning with 1; empty: 1 only
  std::size_t pipeline = 0;
  double followers = 0;     // how many tasks that are still to come it delays for each that is ready; see Demand
  std::size_t waiting = 0;  // requests of its pipeline that have come and are not ready yet: behind all that are
  // Where its request is to end within a limit: it, and those that come after it.
  Chain chain = {};
};

// What comes after a task that is running, where its request is to end within a limit.
struct ComingTask {
  std::size_t before = 0;  // it goes before that ready task
  double followers = 0;
  Chain chain = {};
};

struct Snapshot {
  std::span<const Place> places;       // as places_of() gives them
  std::span<const Microseconds> busy;  // by worker: for how much longer; 0: idle
  std::span<const ReadyTask> ready;    // the first to go first
  // Whether several pipelines are at work. Then one task of each counts as delayed: the others of a backlog wait for their own kind, and
  // nobody's tasks become narrow, and so last long, on account of one overloaded pipeline.
  bool shared = false;
  // How long a batch of tasks like `task` is expected to take in a place.
  std::function<Microseconds(std::size_t task, std::size_t place, int batch)> time;
  std::span<const ComingTask> coming = {};  // the first to go first
  // And a task of a chain: those of ready tasks, then those of coming ones.
  TimeOfTask time_of_chain = {};
};

struct Start {
  std::size_t place = 0;
  std::pmr::vector<std::size_t> tasks;  // one batch, the most urgent first

  bool operator==(const Start&) const = default;
};

struct Decision {
  // What starts now: on idle workers only, each in one place at most. Equal costs: an idle place, such as a GPU's second worker; of these the first.
  std::pmr::vector<Start> starts;
  // What would be next in places with a memory of their own, whose data may go there already; it is decided anew when they are free.
  std::pmr::vector<Start> next;
};

// What is allocated comes from `memory`, the decision, too.
Decision decide(const Snapshot& snapshot, std::pmr::memory_resource* memory = std::pmr::get_default_resource());

}  // namespace staronnx
