#include "staronnx/placement/linear_program.h"

#include <glpk.h>

#include <cmath>

namespace staronnx {

// GLPK keeps its memory by thread: a programme is used by the thread that made it.
struct LinearProgram::Glpk {
  Glpk() : problem(glp_create_prob()) {}
  ~Glpk() { glp_delete_prob(problem); }
  Glpk(const Glpk&) = delete;
  Glpk& operator=(const Glpk&) = delete;

  glp_prob* problem;
};

LinearProgram::LinearProgram(Sense sense) : glpk_(std::make_unique<Glpk>()) {
  glp_set_obj_dir(glpk_->problem, sense == Sense::minimise ? GLP_MIN : GLP_MAX);
}

LinearProgram::~LinearProgram() = default;

std::size_t LinearProgram::add_row(double least, double most) {
  const int row = glp_add_rows(glpk_->problem, 1);
  const int kind = least == most ? GLP_FX : std::isinf(most) ? GLP_LO : std::isinf(least) ? GLP_UP : GLP_DB;
  glp_set_row_bnds(glpk_->problem, row, kind, least, most);
  return static_cast<std::size_t>(row) - 1;
}

std::size_t LinearProgram::add_variable(double cost, std::span<const std::pair<std::size_t, double>> coefficients) {
  const int column = glp_add_cols(glpk_->problem, 1);
  glp_set_col_bnds(glpk_->problem, column, GLP_LO, 0, 0);
  glp_set_obj_coef(glpk_->problem, column, cost);
  std::vector<int> rows(1);  // GLPK counts from 1
  std::vector<double> values(1);
  for (const auto& [row, value] : coefficients) {
    rows.push_back(static_cast<int>(row) + 1);
    values.push_back(value);
  }
  glp_set_mat_col(glpk_->problem, column, static_cast<int>(coefficients.size()), rows.data(), values.data());
  return static_cast<std::size_t>(column) - 1;
}

std::optional<LinearProgram::Solution> LinearProgram::solve() {
  glp_smcp parameters;
  glp_init_smcp(&parameters);
  parameters.msg_lev = GLP_MSG_OFF;
  if (glp_simplex(glpk_->problem, &parameters) != 0) {
    glp_std_basis(glpk_->problem);  // what the last call left is of no use
    if (glp_simplex(glpk_->problem, &parameters) != 0) return std::nullopt;
  }
  if (glp_get_status(glpk_->problem) != GLP_OPT) return std::nullopt;
  Solution solution{glp_get_obj_val(glpk_->problem), {}, {}};
  for (int column = 1; column <= glp_get_num_cols(glpk_->problem); ++column)
    solution.variables.push_back(glp_get_col_prim(glpk_->problem, column));
  for (int row = 1; row <= glp_get_num_rows(glpk_->problem); ++row)
    solution.duals.push_back(glp_get_row_dual(glpk_->problem, row));
  return solution;
}

}  // namespace staronnx
