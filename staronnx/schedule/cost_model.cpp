#include "staronnx/schedule/cost_model.h"

#include <algorithm>
#include <utility>

namespace staronnx {

CostModel::CostModel(std::vector<Microseconds> planned) : planned_(std::move(planned)), ratio_(planned_.size(), 1.0) {}

void CostModel::observe(std::size_t kind, Microseconds took) {
  constexpr double kWeight = 1.0 / 8, kWeightOfOthers = 1.0 / 100, kMostChange = 3;
  const double before = ratio_[kind];
  const double seen = std::clamp(took / planned_[kind], before / kMostChange, before * kMostChange);
  ratio_[kind] += kWeight * (seen - before);
  for (double& ratio : ratio_) {
    if (&ratio != &ratio_[kind]) ratio += kWeightOfOthers * (ratio_[kind] - ratio);
  }
}

}  // namespace staronnx
