// A segment that is ready to run on every place, and the StarPU codelet that stands for it.
#pragma once

#include <starpu.h>

#include <cstddef>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "staronnx/base/units.h"
#include "staronnx/execute/engine.h"
#include "staronnx/execute/gpu_executor.h"
#include "staronnx/plan/plan.h"
#include "staronnx/schedule/batch_run.h"
#include "staronnx/schedule/cost_model.h"
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
    std::vector<Microseconds> planned;           // time of a run, by size of batch; infinite: not there
    std::size_t kind = 0;                        // places of one kind take equally long
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
  Executor& executor(std::size_t place) const { return *on_place_[place].executor; }  // of this process, on cores
  GpuExecutor& gpu_executor(std::size_t place) const { return *on_place_[place].gpu; }

  // What a run is expected to take there, by what was planned and what runs took. Thread-safe.
  Microseconds expected(std::size_t place, int batch) const;
  void observe(std::size_t place, int batch, Microseconds took);

  // A run of one request there, before it counts, took that long: the least of them is expected, instead of what was planned.
  void tried(std::size_t place, Microseconds took);

  std::span<const int> batches() const { return batches_; }

  // For the one run that there is in that place. On its worker only.
  BatchRun& batch_run(std::size_t place) { return batch_runs_[place]; }

  // The argument of a task of it begins with the address of a SegmentTask (see slot.h).
  starpu_codelet& codelet() { return codelet_; }

 private:
  std::size_t cost_number(std::size_t place, int batch) const;

  std::string name_;
  const Word number_;
  std::vector<OnPlace> on_place_;
  mutable std::mutex mutex_;     // guards costs_
  CostModel costs_;              // by kind of place, then size of batch
  std::set<std::size_t> tried_;  // places
  std::vector<int> batches_;
  std::vector<BatchRun> batch_runs_;  // by place
  starpu_perfmodel cost_{};
  starpu_codelet codelet_;
};

}  // namespace staronnx
