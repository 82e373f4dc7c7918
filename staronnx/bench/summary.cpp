#include "staronnx/bench/summary.h"

#include <algorithm>
#include <span>

namespace staronnx {
namespace {

double ms(Microseconds time) {
  return Milliseconds(time).count();
}

template <class Elements, class Value>
std::optional<Spread> spread(const Elements& elements, Value value) {
  std::vector<double> values;
  for (const auto& element : elements)
    if (const std::optional<double> number = value(element)) values.push_back(*number);
  if (values.empty()) return std::nullopt;
  return spread_of(std::move(values));
}

CurvePoint curve_point_of(std::span<const Point> points) {
  const auto of_all = [&](double Point::*value) {
    return *spread(points, [&](const Point& point) { return std::optional(point.*value); });
  };
  const auto latency = [&](Microseconds Point::*time) {
    return spread(points,
                  [&](const Point& point) { return point.answered == 0 ? std::nullopt : std::optional(ms(point.*time)); });
  };
  return {.rate_per_s = of_all(&Point::rate_per_s).median,
          .in_flight = points.front().in_flight,
          .points = points.size(),
          .held = static_cast<std::size_t>(std::ranges::count(points, true, &Point::held)),
          .served_per_s = of_all(&Point::served_per_s),
          .good_per_s = of_all(&Point::good_per_s),
          .p50_ms = latency(&Point::p50),
          .p90_ms = latency(&Point::p90),
          .p95_ms = latency(&Point::p95),
          .p99_ms = latency(&Point::p99),
          .tail_ms = latency(&Point::tail)};
}

bool same_load(const Point& a, const Point& b) {
  return a.in_flight == b.in_flight && (a.in_flight > 0 || a.rate_per_s == b.rate_per_s);
}

}  // namespace

SystemSummary summary_of(const SystemResult& system) {
  SystemSummary summary;
  summary.lone_p50_ms = spread(
      system.by_seed, [](const SeedResult& seed) { return seed.lone_p50 ? std::optional(ms(*seed.lone_p50)) : std::nullopt; });
  summary.saturated_per_s = spread(system.by_seed, [](const SeedResult& seed) { return seed.saturated_per_s; });
  summary.threshold_per_s = spread(system.by_seed, [](const SeedResult& seed) { return seed.threshold_per_s; });
  summary.generator_limited = std::ranges::any_of(system.by_seed, &SeedResult::generator_limited);
  const std::span<const Point> points(system.points);
  for (std::size_t first = 0, next = 0; first < points.size(); first = next) {
    while (next < points.size() && same_load(points[first], points[next])) ++next;
    summary.curve.push_back(curve_point_of(points.subspan(first, next - first)));
  }
  return summary;
}

}  // namespace staronnx
