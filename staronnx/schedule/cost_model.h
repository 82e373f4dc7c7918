// What a segment costs on each kind of place, learnt while it runs. Pure, not thread-safe.
#pragma once

#include <cstddef>
#include <vector>

#include "staronnx/base/units.h"

namespace staronnx {

class CostModel {
 public:
  // `planned`: measured beforehand, by kind of place; positive.
  explicit CostModel(std::vector<Microseconds> planned);

  void plan(std::size_t kind, Microseconds time) { planned_[kind] = time; }

  Microseconds expected(std::size_t kind) const { return planned_[kind] * ratio_[kind]; }

  // A run took that long. One run moves the expectation by an eighth of the difference at most, whose size is taken as threefold at most:
  // an outlier does little, a change of the machine's speed is followed within some ten runs. Other kinds follow by a hundredth: what
  // slows one down slows all, and a kind that a disturbance made look slow, so that it is not chosen any more, is tried again.
  void observe(std::size_t kind, Microseconds took);

 private:
  std::vector<Microseconds> planned_;
  std::vector<double> ratio_;  // of what runs take to what was planned
};

}  // namespace staronnx
