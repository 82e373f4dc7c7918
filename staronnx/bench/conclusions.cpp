#include <algorithm>
#include <cmath>

#include "staronnx/bench/report.h"
#include "staronnx/bench/rounded_text.h"
#include "staronnx/bench/summary.h"

namespace staronnx {
namespace {

constexpr double kQuiet = 0.05;  // share of the machine that others may use while figures are still trusted

// A system's name and one of its figures.
struct Figure {
  std::string name;
  double value;
};

// Of the systems that have it.
std::vector<Figure> figures(const Comparison& comparison, std::optional<Spread> SystemSummary::*which) {
  std::vector<Figure> figures;
  for (const SystemResult& system : comparison.systems)
    if (const SystemSummary summary = summary_of(system); summary.*which)
      figures.push_back({system.name, (summary.*which)->median});
  return figures;
}

// "ORT all cores 0.93, StarONNX whole 0.96": every system but the best, by its value in units of the best one's.
std::string others(const std::vector<Figure>& figures, const Figure& best) {
  std::string text;
  for (const Figure& figure : figures) {
    if (&figure == &best) continue;
    text += (text.empty() ? "" : ", ") + figure.name + " " + number(figure.value / best.value, 2);
  }
  return text.empty() ? "" : " Relative to that: " + text + ".";
}

std::string slo_words(const Limits& limits) {
  return "p" + number(limits.percentile, limits.percentile == std::floor(limits.percentile) ? 0 : 1) + " within " +
         three_digits(limits.slo.count()) + " ms";
}

void about_threshold(const Comparison& comparison, std::vector<std::string>& sentences) {
  const std::vector<Figure> all = figures(comparison, &SystemSummary::threshold_per_s);
  if (all.empty()) return;
  const Figure& best = *std::ranges::max_element(all, {}, &Figure::value);
  if (best.value <= 0) return sentences.emplace_back("No system held any of the measured rates."), void();
  sentences.push_back("Congestion: " + best.name + " holds the highest rate, " + three_digits(best.value) + " requests/s with " +
                      slo_words(comparison.limits) + "." + others(all, best));
}

void about_saturation(const Comparison& comparison, std::vector<std::string>& sentences) {
  const std::vector<Figure> all = figures(comparison, &SystemSummary::saturated_per_s);
  if (all.empty()) return;
  const Figure& best = *std::ranges::max_element(all, {}, &Figure::value);
  sentences.push_back("Saturated: " + best.name + " serves the most, " + three_digits(best.value) + " requests/s." +
                      others(all, best));
}

void about_lone_latency(const Comparison& comparison, std::vector<std::string>& sentences) {
  const std::vector<Figure> all = figures(comparison, &SystemSummary::lone_p50_ms);
  if (all.empty()) return;
  const Figure& best = *std::ranges::min_element(all, {}, &Figure::value);
  sentences.push_back("One request at a time: " + best.name + " answers soonest, p50 " + three_digits(best.value) + " ms." +
                      others(all, best));
}

std::string about_transfers(const SystemResult& system) {
  return "Transfers: " + system.name + " moved data between memories for " +
         three_digits(Seconds(system.transfers.total).count()) + " s, of which " +
         number(100 * hidden_share(system.transfers), 0) + " % were hidden behind computation.";
}

std::vector<const Point*> all_points(const Comparison& comparison) {
  std::vector<const Point*> points;
  for (const SystemResult& system : comparison.systems)
    for (const Point& point : system.points) points.push_back(&point);
  return points;
}

void about_generator(const Comparison& comparison, std::vector<std::string>& sentences) {
  for (const SystemResult& system : comparison.systems) {
    if (summary_of(system).generator_limited)
      sentences.push_back("The threshold of " + system.name +
                          " is that of the load generator, which was late at the next higher rate: the system may hold more.");
  }
}

}  // namespace

double hidden_share(const Transfers& transfers) {
  return std::clamp(1 - transfers.exposed / transfers.total, 0.0, 1.0);
}

std::vector<std::string> conclusions(const Comparison& comparison) {
  std::vector<std::string> sentences;
  about_threshold(comparison, sentences);
  about_saturation(comparison, sentences);
  about_lone_latency(comparison, sentences);
  for (const SystemResult& system : comparison.systems) {
    if (system.transfers.total.count() > 0) sentences.push_back(about_transfers(system));
  }
  return sentences;
}

std::vector<std::string> warnings(const Comparison& comparison) {
  const std::vector<const Point*> points = all_points(comparison);
  const auto late = std::ranges::count_if(points, [](const Point* point) { return point->late_generator; });
  const auto few = std::ranges::count_if(points, [](const Point* point) { return point->answered < 100; });
  const auto unstable = std::ranges::count_if(points, [](const Point* point) { return !point->stable; });
  const std::string of_all = " of " + std::to_string(points.size()) + " points";
  std::vector<std::string> sentences;
  if (comparison.others_share.value_or(0) > kQuiet)
    sentences.push_back("Do not trust these figures: other programs used " + number(100 * *comparison.others_share, 0) +
                        " % of the machine meanwhile. Let it rest, and measure again.");
  if (late > 0)
    sentences.push_back(
        "Invalid: the load generator was late at " + std::to_string(late) + of_all +
        " (lag p99 over 1 % of the SLO). The lag counts as latency, so these points look worse than the system is.");
  about_generator(comparison, sentences);
  if (unstable > 0)
    sentences.push_back(std::to_string(unstable) + of_all +
                        " did not settle: their last three windows differ by more than --stability-percentage.");
  if (few > 0)
    sentences.push_back(std::to_string(few) + of_all +
                        " have fewer than 100 answers: their p99 is the slowest answer. A larger --budget gives more.");
  return sentences;
}

}  // namespace staronnx
