// A segment that is ready to run on every place, and the StarPU codelet that stands for it.
#pragma once

#include <starpu.h>

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "staronnx/base/units.h"
#include "staronnx/execute/engine.h"
#include "staronnx/plan/plan.h"
#include "staronnx/schedule/cost_model.h"

namespace staronnx {

// What a run of the segment is expected to take on a group of `width` cores: measured, or what was measured at the next smaller width
// (else the smallest). At least a microsecond: StarPU takes neither zero nor nothing as a cost.
Microseconds expected_time(const Segment& segment, int width);

class PreparedSegment {
 public:
  struct OnPlace {
    std::shared_ptr<Executor> executor;
    Microseconds planned{};  // time of a run
    std::size_t kind = 0;    // places of one kind take equally long
  };

  // `on_place`: one per place of the runtime. `reads`, `writes`: how many tensors.
  PreparedSegment(std::string name, std::size_t reads, std::size_t writes, std::vector<OnPlace> on_place);
  ~PreparedSegment();  // when no task of it is left
  PreparedSegment(const PreparedSegment&) = delete;
  PreparedSegment& operator=(const PreparedSegment&) = delete;

  const std::string& name() const { return name_; }
  Executor& executor(std::size_t place) const { return *on_place_[place].executor; }

  // What a run is expected to take there, by what was planned and what runs took. Thread-safe.
  Microseconds expected(std::size_t place) const;
  void observe(std::size_t place, Microseconds took);

  std::size_t reads() const { return reads_; }
  std::size_t writes() const { return modes_.size() - reads_; }
  // A task of it has a SegmentTask as argument (see slot.h).
  starpu_codelet& codelet() { return codelet_; }

 private:
  std::string name_;
  std::vector<OnPlace> on_place_;
  mutable std::mutex mutex_;  // guards costs_
  CostModel costs_;           // by kind of place
  std::size_t reads_;
  std::vector<starpu_data_access_mode> modes_;  // those of the tensors read, then of those written
  starpu_perfmodel cost_{};
  starpu_codelet codelet_;
};

}  // namespace staronnx
