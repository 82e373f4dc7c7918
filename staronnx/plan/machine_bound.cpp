#include "staronnx/plan/machine_bound.h"

#include "staronnx/placement/linear_program.h"

namespace staronnx {

RateBound machine_bound(const std::vector<WayToRun>& ways, const std::vector<double>& numbers, Microseconds limit) {
  constexpr double kNoRate = 1e-6;  // per second: rounding of the simplex method
  LinearProgram programme(LinearProgram::Sense::maximise);
  for (const double number : numbers) programme.add_row(-LinearProgram::kUnbounded, number);
  std::vector<const WayToRun*> quick;
  for (const WayToRun& way : ways) {
    if (way.lone > limit) continue;
    std::vector<std::pair<std::size_t, double>> use;
    for (std::size_t r = 0; r < numbers.size(); ++r) use.emplace_back(r, Seconds(way.use[r]).count());
    programme.add_variable(1, use);
    quick.push_back(&way);
  }
  const std::optional<LinearProgram::Solution> solution = quick.empty() ? std::nullopt : programme.solve();
  if (!solution) return {};
  RateBound bound{solution->value, {}};
  for (std::size_t i = 0; i < quick.size(); ++i) {
    if (solution->variables[i] > kNoRate)
      bound.mix.push_back({quick[i]->variant, quick[i]->processors, quick[i]->batch, solution->variables[i]});
  }
  return bound;
}

}  // namespace staronnx
