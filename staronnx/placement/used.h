// How many processors of each class are taken, as one number; private to this room.
#pragma once

#include <vector>

#include "staronnx/placement/placement.h"

namespace staronnx {

class UsedProcessors {
 public:
  explicit UsedProcessors(const PlacementProblem& problem) {
    for (const DeviceClass& one : problem.classes) {
      step_.push_back(states_);
      states_ *= one.count + 1;
      counts_.push_back(one.count);
    }
  }

  std::size_t states() const { return states_; }  // 0 is none
  std::size_t with_one_more(std::size_t state, std::size_t processor_class) const { return state + step_[processor_class]; }
  bool has_free(std::size_t state, std::size_t processor_class) const {
    return used(state, processor_class) < counts_[processor_class];
  }
  std::size_t total(std::size_t state) const {
    std::size_t sum = 0;
    for (std::size_t c = 0; c < step_.size(); ++c) sum += used(state, c);
    return sum;
  }

 private:
  std::size_t used(std::size_t state, std::size_t processor_class) const {
    return state / step_[processor_class] % (counts_[processor_class] + 1);
  }

  std::vector<std::size_t> step_, counts_;
  std::size_t states_ = 1;
};

}  // namespace staronnx
