// A segment that is ready to run on every core group, and the StarPU codelet that stands for it.
#pragma once

#include <starpu.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "staronnx/base/units.h"
#include "staronnx/execute/engine.h"
#include "staronnx/plan/plan.h"

namespace staronnx {

// What a run of the segment is expected to take on a group of `width` cores: measured, or what was measured at the next smaller width
// (else the smallest). At least a microsecond: StarPU takes neither zero nor nothing as a cost.
Microseconds expected_time(const Segment& segment, int width);

class PreparedSegment {
 public:
  struct OnGroup {
    std::shared_ptr<Executor> executor;
    Microseconds expected{};
  };

  // `on_group`: one per group of the runtime. `reads`, `writes`: how many tensors.
  PreparedSegment(std::string name, std::size_t reads, std::size_t writes, std::vector<OnGroup> on_group);
  ~PreparedSegment();  // when no task of it is left
  PreparedSegment(const PreparedSegment&) = delete;
  PreparedSegment& operator=(const PreparedSegment&) = delete;

  const std::string& name() const { return name_; }
  const OnGroup& on_group(std::size_t group) const { return on_group_[group]; }
  std::size_t reads() const { return reads_; }
  std::size_t writes() const { return modes_.size() - reads_; }
  // A task of it has a SegmentTask as argument (see slot.h).
  starpu_codelet& codelet() { return codelet_; }

 private:
  std::string name_;
  std::vector<OnGroup> on_group_;
  std::size_t reads_;
  std::vector<starpu_data_access_mode> modes_;  // those of the tensors read, then of those written
  starpu_perfmodel cost_{};
  starpu_codelet codelet_;
};

}  // namespace staronnx
