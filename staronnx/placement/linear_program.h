// Linear programmes, solved by GLPK; the rooms' only door to it. Private to the product.
//
//   maximise or minimise  sum cost(x) * x   with  x >= 0,  row.least <= sum row.coefficients * x <= row.most
#pragma once

#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace staronnx {

class LinearProgram {
 public:
  static constexpr double kUnbounded = std::numeric_limits<double>::infinity();

  struct Solution {
    double value = 0;
    std::vector<double> variables;
    std::vector<double> duals;  // by row: change of the value per unit of the row's bound
  };

  enum class Sense { minimise, maximise };

  explicit LinearProgram(Sense sense);
  ~LinearProgram();
  LinearProgram(const LinearProgram&) = delete;
  LinearProgram& operator=(const LinearProgram&) = delete;

  std::size_t add_row(double least, double most);
  // A variable >= 0 with its coefficients: (row, value).
  std::size_t add_variable(double cost, std::span<const std::pair<std::size_t, double>> coefficients);

  // The optimum by the simplex method, from where the last call left; nothing when there is none, or numbers that GLPK cannot cope with.
  std::optional<Solution> solve();

 private:
  struct Glpk;
  std::unique_ptr<Glpk> glpk_;
};

}  // namespace staronnx
