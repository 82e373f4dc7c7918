#include "staronnx/placement/bound.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "staronnx/placement/best_set.h"
#include "staronnx/placement/linear_program.h"

namespace staronnx {
namespace {

// Beyond this many nodes the linear programme takes minutes, and the bound is the one without transfers.
constexpr std::size_t kMostNodes = 1'000;
constexpr std::size_t kMostRounds = 400;

// Prices of the dual programme: what a node earns, and what time costs. Those of time, times the processors of each class, add up to 1.
struct Prices {
  std::vector<double> earned;       // by node
  std::vector<TimePrices> of_time;  // by class
};

// Whether computation and transfers are separate resources in this class.
bool is_separate(const PlacementProblem& problem, std::size_t c) {
  return problem.overlap && problem.classes[c].pays_transfers;
}

TimePrices one_price(const PlacementProblem& problem, std::size_t c, double price) {
  const bool pays = problem.classes[c].pays_transfers && !problem.overlap;
  return {price, pays ? price : 0, pays ? price : 0};
}

// Without transfers: each node earns what it costs where it is cheapest.
Prices prices_without_transfers(const PlacementProblem& problem, const std::vector<double>& of_class) {
  Prices prices{std::vector<double>(problem.nodes(), std::numeric_limits<double>::infinity()), {}};
  for (std::size_t c = 0; c < of_class.size(); ++c) {
    const DeviceClass& one = problem.classes[c];
    for (std::size_t node = 0; node < problem.nodes(); ++node) {
      if (std::isfinite(one.time[node])) prices.earned[node] = std::min(prices.earned[node], of_class[c] * one.time[node]);
    }
    prices.of_time.push_back(one_price(problem, c, of_class[c]));
  }
  return prices;
}

double sum_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

// The class prices that give the highest bound without transfers: each pair of classes shares its part of the price in turns.
// (A sum of minima of linear functions is concave, so ternary search finds a pair's best split.)
Prices best_without_transfers(const PlacementProblem& problem) {
  const std::size_t classes = problem.classes.size();
  std::vector<double> part(classes, 1.0 / static_cast<double>(classes));  // of the whole price; adds up to 1
  const auto prices = [&](const std::vector<double>& parts) {
    std::vector<double> of_class;
    for (std::size_t c = 0; c < classes; ++c) of_class.push_back(parts[c] / static_cast<double>(problem.classes[c].count));
    return prices_without_transfers(problem, of_class);
  };
  const auto bound_with = [&](std::size_t a, std::size_t b, double of_a) {
    std::vector<double> tried = part;
    tried[b] = part[a] + part[b] - of_a;
    tried[a] = of_a;
    return sum_of(prices(tried).earned);
  };
  for (std::size_t round = 0; round < (classes > 2 ? 4 : 1); ++round) {
    for (std::size_t a = 0; a < classes; ++a) {
      for (std::size_t b = a + 1; b < classes; ++b) {
        double low = 0, high = part[a] + part[b];
        const double both = high;
        for (int i = 0; i < 60; ++i) {
          const double left = low + (high - low) / 3, right = high - (high - low) / 3;
          const bool rises = bound_with(a, b, left) < bound_with(a, b, right);
          (rises ? low : high) = rises ? left : right;
        }
        part[a] = low;
        part[b] = both - low;
      }
    }
  }
  return prices(part);
}

class ColumnGeneration {
 public:
  ColumnGeneration(const PlacementProblem& problem, const Cut& known, const Deadline& deadline)
      : problem_(problem), deadline_(deadline), programme_(LinearProgram::Sense::minimise) {
    for (std::size_t node = 0; node < problem.nodes(); ++node) programme_.add_row(1, 1);
    std::vector<std::pair<std::size_t, double>> whole;
    for (std::size_t c = 0; c < problem.classes.size(); ++c) {
      const double count = static_cast<double>(problem.classes[c].count);
      rows_.push_back({});
      for (std::size_t& row : rows_.back().resource) {
        if (&row != rows_.back().resource && !is_separate(problem, c)) continue;
        row = programme_.add_row(-LinearProgram::kUnbounded, 0);
        whole.emplace_back(row, -count);
      }
      rows_.back().count = programme_.add_row(-LinearProgram::kUnbounded, count);
    }
    programme_.add_variable(1, whole);  // the period
    for (std::size_t s = 0; s < known.of_class.size(); ++s) {
      std::vector<std::uint32_t> nodes;
      for (std::uint32_t node = 0; node < problem.nodes(); ++node) {
        if (known.segment[node] == s) nodes.push_back(node);
      }
      add_column(known.of_class[s], nodes);
    }
  }

  double run(Prices centre, double period) {
    double bound = price(centre);
    for (std::size_t round = 0; round < kMostRounds && !deadline_.passed(Clock::now()); ++round) {
      const std::optional<LinearProgram::Solution> solution = programme_.solve();
      if (!solution || solution->value <= bound * (1 + 1e-6) || period <= bound * (1 + 1e-6)) break;
      const Prices tried = between(centre, prices_of(*solution));
      const double reached = price(tried);
      if (reached > bound) bound = reached, centre = tried;
    }
    return bound;
  }

 private:
  struct Rows {
    std::size_t resource[3] = {0, 0, 0};  // computation (or all), in, out
    std::size_t count = 0;
  };

  // Halfway: the programme's own prices jump about (smoothing after P. Wentges, 1997).
  static Prices between(const Prices& a, const Prices& b) {
    const auto middle = [](double x, double y) { return 0.5 * x + 0.5 * y; };
    Prices result = a;
    for (std::size_t i = 0; i < a.earned.size(); ++i) result.earned[i] = middle(a.earned[i], b.earned[i]);
    for (std::size_t c = 0; c < a.of_time.size(); ++c) {
      const TimePrices &x = a.of_time[c], &y = b.of_time[c];
      result.of_time[c] = {middle(x.compute, y.compute), middle(x.in, y.in), middle(x.out, y.out)};
    }
    return result;
  }

  Prices prices_of(const LinearProgram::Solution& solution) const {
    Prices prices{{solution.duals.begin(), solution.duals.begin() + static_cast<std::ptrdiff_t>(problem_.nodes())}, {}};
    for (std::size_t c = 0; c < rows_.size(); ++c) {
      const auto dual = [&](int resource) { return std::max(0.0, -solution.duals[rows_[c].resource[resource]]); };
      prices.of_time.push_back(is_separate(problem_, c) ? TimePrices{dual(0), dual(1), dual(2)}
                                                        : one_price(problem_, c, dual(0)));
    }
    return prices;
  }

  // The bound that these prices prove; the sets found become columns.
  double price(const Prices& prices) {
    double bound = sum_of(prices.earned), weight = 0;
    for (std::size_t c = 0; c < rows_.size(); ++c) {
      const double count = static_cast<double>(problem_.classes[c].count);
      const TimePrices& times = prices.of_time[c];
      weight += count * (is_separate(problem_, c) ? times.compute + times.in + times.out : times.compute);
      const PricedSet set = best_set(problem_, c, prices.earned, times);
      bound -= count * std::max(0.0, set.profit);
      if (!set.nodes.empty()) add_column(c, set.nodes);
    }
    return weight > 0 ? bound / std::max(1.0, weight) : 0;
  }

  void add_column(std::size_t c, const std::vector<std::uint32_t>& nodes) {
    const SegmentLoad load = load_of(problem_, c, nodes);
    std::vector<std::pair<std::size_t, double>> coefficients{{rows_[c].count, 1}};
    for (const std::uint32_t node : nodes) coefficients.emplace_back(node, 1);
    if (is_separate(problem_, c)) {
      coefficients.emplace_back(rows_[c].resource[0], load.compute);
      coefficients.emplace_back(rows_[c].resource[1], load.in);
      coefficients.emplace_back(rows_[c].resource[2], load.out);
    } else {
      coefficients.emplace_back(rows_[c].resource[0], busy_time(problem_, c, load));
    }
    programme_.add_variable(0, coefficients);
  }

  const PlacementProblem& problem_;
  const Deadline& deadline_;
  LinearProgram programme_;
  std::vector<Rows> rows_;  // by class
};

}  // namespace

double period_bound(const PlacementProblem& problem, const Cut& known, const Deadline& deadline) {
  Prices prices = best_without_transfers(problem);
  const double simple = sum_of(prices.earned);
  if (problem.nodes() > kMostNodes) return simple;
  return std::max(simple, ColumnGeneration(problem, known, deadline).run(std::move(prices), worth_of(problem, known).period));
}

}  // namespace staronnx
