// A segment that is ready to run on every place, and the StarPU codelet that stands for it.
#pragma once

#include <starpu.h>

#include <cstddef>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "staronnx/base/units.h"
#include "staronnx/execute/engine.h"
#include "staronnx/execute/gpu_executor.h"
#include "staronnx/plan/plan.h"
#include "staronnx/schedule/batch_run.h"
#include "staronnx/schedule/cost_model.h"
#include "staronnx/schedule/run_device.h"
#include "staronnx/schedule/words.h"

namespace staronnx {

// What a run of the segment for `batch` requests at once (1, or a size that was measured) is expected to take on a group of `width` cores:
// measured, or what was measured at the next smaller width (else the smallest). At least a microsecond: StarPU takes neither zero
// nor nothing as a cost.
Microseconds expected_time(const Segment& segment, int width, int batch);

class PreparedSegment {
 public:
  struct OnPlace {
    std::shared_ptr<Executor> executor;          // null on nodes, which have their own, and on GPUs
    std::vector<Microseconds> planned;           // time of a run, by size of batch; infinite: not there, or not known to be
    std::size_t kind = 0;                        // from 0; places of one kind take equally long
    std::shared_ptr<GpuExecutor> gpu = nullptr;  // on GPUs
  };

  // `on_place`: one per place of the runtime. `batches`: how many requests a run may be for, ascending, beginning with 1.
  PreparedSegment(std::string name, std::vector<OnPlace> on_place, std::vector<int> batches = {1});
  ~PreparedSegment();  // when no task of it is left
  PreparedSegment(const PreparedSegment&) = delete;
  PreparedSegment& operator=(const PreparedSegment&) = delete;

  const std::string& name() const { return name_; }
  Word number() const { return number_; }  // by which nodes know it
  const Signature& signature() const;

  // In places of this process and on GPUs, on the place's worker only: where runs happen, and the one batch that runs there.
  RunDevice& device(std::size_t place) { return *devices_[place]; }
  BatchRun& batch_run(std::size_t place) { return *batch_runs_[place]; }

  bool runs_in(std::size_t place) const;

  // Runs take equally long in places of one kind.
  std::size_t kind(std::size_t place) const { return on_place_[place].kind; }
  std::size_t kinds() const { return kinds_; }

  // What a run is expected to take there, by what was planned and what runs took. Thread-safe.
  Microseconds expected(std::size_t place, int batch) const;
  // The least that one request may cost there, in a batch of at most so many.
  Microseconds expected_each(std::size_t place, std::size_t most) const;
  void observe(std::size_t place, int batch, Microseconds took);

  // A run there, before requests come, took that long: the least of them is expected, instead of what was planned.
  void tried(std::size_t place, int batch, Microseconds took);

  // From now on it runs there for fewer requests at a time than that.
  void refuse_batches(std::size_t place, int from);

  // How many requests a run may be for, wherever; and the most for which it is known what it takes there.
  std::span<const int> batches() const { return batches_; }
  int largest_batch(std::size_t place) const;

  // The argument of a task of it begins with the address of a SegmentTask (see slot.h).
  starpu_codelet& codelet() { return codelet_; }

 private:
  std::size_t cost_number(std::size_t place, int batch) const;

  std::string name_;
  const Word number_;
  std::vector<OnPlace> on_place_;
  std::size_t kinds_;
  mutable std::mutex mutex_;                     // guards costs_
  CostModel costs_;                              // by kind of place, then size of batch
  std::set<std::pair<std::size_t, int>> tried_;  // places and batches
  std::vector<int> batches_;
  std::vector<std::unique_ptr<RunDevice>> devices_;    // by place; null on nodes
  std::vector<std::unique_ptr<BatchRun>> batch_runs_;  // by place
  starpu_perfmodel cost_{};
  starpu_codelet codelet_;
};

}  // namespace staronnx
