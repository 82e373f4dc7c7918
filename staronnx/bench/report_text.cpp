#include <iomanip>
#include <sstream>

#include "staronnx/bench/report.h"
#include "staronnx/bench/rounded_text.h"
#include "staronnx/bench/summary.h"

namespace staronnx {
namespace {

std::string cell(const std::optional<Spread>& spread) {
  return spread ? three_digits(spread->median) : "-";
}

std::string interval(const std::optional<Spread>& spread) {
  return spread ? three_digits(spread->low) + " to " + three_digits(spread->high) : "-";
}

std::string slo_text(const Comparison& comparison) {
  std::ostringstream text;
  text << "SLO: p" << comparison.limits.percentile << " within " << three_digits(comparison.limits.slo.count()) << " ms";
  if (!comparison.slo.fixed) text << " (" << comparison.slo.times_lone << " times the smallest lone p50)";
  if (comparison.limits.deadline)
    text << "; deadline of each request " << three_digits(comparison.limits.deadline->count()) << " ms";
  return text.str();
}

std::string seeds_text(const std::vector<unsigned>& seeds) {
  if (seeds.size() == 1) return "seed " + std::to_string(seeds[0]);
  return "seeds " + std::to_string(seeds.front()) + " to " + std::to_string(seeds.back());
}

// Of all points of one rate.
std::string note_of(const CurvePoint& curve, std::span<const Point> points, Milliseconds slo) {
  std::size_t late = 0, refused = 0, dropped = 0, failed = 0;
  bool grows = false, late_generator = false, unsettled = false;
  for (const Point& point : points) {
    late += point.late;
    refused += point.refused;
    dropped += point.dropped;
    failed += point.failed;
    grows = grows || point.backlog_grows;
    late_generator = late_generator || point.late_generator;
    unsettled = unsettled || !point.stable;
  }
  std::string text;
  const auto add = [&](const std::string& note) { text += (text.empty() ? "" : ", ") + note; };
  if (points.size() > 1) add("p99 " + interval(curve.p99_ms));
  if (curve.tail_ms && curve.tail_ms->median > slo.count()) add("over the SLO");
  if (grows) add("backlog grows");
  for (const auto& [count, word] : {std::pair(late, "late"), {refused, "refused"}, {dropped, "dropped"}, {failed, "failed"}})
    if (count > 0) add(std::to_string(count) + " " + word);
  if (unsettled) add("did not settle");
  if (late_generator) add("invalid: generator late");
  return text;
}

void add_row(const std::string& name, const std::vector<std::string>& cells, const std::string& note, std::ostream& text) {
  text << std::left << std::setw(24) << name << std::right;
  for (const std::string& cell : cells) text << std::setw(10) << cell;
  text << (note.empty() ? "" : "  ") << note << '\n';
}

void add_curves(const Comparison& comparison, std::ostream& text) {
  const bool closed = !comparison.systems[0].points.empty() && comparison.systems[0].points[0].in_flight > 0;
  add_row("", {closed ? "in flight" : "rate/s", "served/s", "good/s", "p50 ms", "p90 ms", "p95 ms", "p99 ms", "answers"}, "",
          text);
  for (const SystemResult& system : comparison.systems) {
    std::string name = system.name;
    std::span<const Point> points(system.points);
    for (const CurvePoint& curve : summary_of(system).curve) {
      const std::span<const Point> own = points.first(curve.points);
      points = points.subspan(curve.points);
      std::size_t answers = 0;
      for (const Point& point : own) answers += point.answered;
      add_row(name,
              {closed ? std::to_string(curve.in_flight) : three_digits(curve.rate_per_s), cell(curve.served_per_s),
               cell(curve.good_per_s), cell(curve.p50_ms), cell(curve.p90_ms), cell(curve.p95_ms), cell(curve.p99_ms),
               std::to_string(answers)},
              note_of(curve, own, comparison.limits.slo), text);
      name.clear();
    }
  }
}

// Nothing where nothing of it was measured.
void add_summary(const Comparison& comparison, std::ostream& text) {
  const SystemSummary first = summary_of(comparison.systems[0]);
  if (!first.lone_p50_ms && !first.saturated_per_s && !first.threshold_per_s) return;
  const bool several = comparison.seeds.size() > 1;
  add_row("", {"lone p50", "threshold", "saturated"}, "", text);
  add_row("", {"ms", "1/s", "1/s"}, "", text);
  for (const SystemResult& system : comparison.systems) {
    const SystemSummary summary = summary_of(system);
    const std::string note = "lone p50 " + interval(summary.lone_p50_ms) + ", threshold " + interval(summary.threshold_per_s) +
                             ", saturated " + interval(summary.saturated_per_s);
    add_row(system.name, {cell(summary.lone_p50_ms), cell(summary.threshold_per_s), cell(summary.saturated_per_s)},
            several ? note : "", text);
  }
  if (several)
    text << "Medians over the seeds; the intervals hold the median of all seeds with a probability of "
         << number(100 * confidence_of(comparison.seeds.size()), 0) << " %.\n";
  text << '\n';
}

// The first of each system.
void add_errors(const Comparison& comparison, std::ostream& text) {
  for (const SystemResult& system : comparison.systems) {
    for (const Point& point : system.points) {
      if (point.first_error.empty()) continue;
      text << system.name << ": " << point.first_error << '\n';
      break;
    }
  }
}

}  // namespace

std::string to_text(const Setting& setting, const Comparison& comparison) {
  std::ostringstream text;
  text << setting.model << " on " << setting.machine << "; " << seeds_text(comparison.seeds)
       << "; arrivals: " << comparison.arrivals << '\n'
       << slo_text(comparison) << "\n\n";
  add_curves(comparison, text);
  text << '\n';
  add_summary(comparison, text);
  add_errors(comparison, text);
  for (const std::string& sentence : warnings(comparison)) text << sentence << '\n';
  for (const std::string& sentence : conclusions(comparison)) text << sentence << '\n';
  for (const std::string& estimate : setting.estimates) text << "Estimated: " << estimate << ".\n";
  text << "Again: " << setting.command << '\n';
  return text.str();
}

}  // namespace staronnx
