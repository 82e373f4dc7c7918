#include "staronnx/bench/report.h"

#include <algorithm>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <sstream>

namespace staronnx {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kQuiet = 0.05;  // share of the machine that others may use while figures are still trusted

double ms(Microseconds time) {
  return Milliseconds(time).count();
}

// ---- JSON

Json latency(const Point& point, Microseconds time) {
  return point.answered == 0 ? Json(nullptr) : Json(ms(time));
}

Json json_of(const Point& point) {
  return {{"rate_per_s", point.rate_per_s},
          {"served_per_s", point.served_per_s},
          {"p50_ms", latency(point, point.p50)},
          {"p90_ms", latency(point, point.p90)},
          {"p95_ms", latency(point, point.p95)},
          {"p99_ms", latency(point, point.p99)},
          {"late_generator", point.late_generator},
          {"generator_lag_p99_ms", ms(point.lag_p99)},
          {"duration_s", point.duration.count()},
          {"answered", point.answered},
          {"refused", point.refused},
          {"dropped", point.dropped},
          {"failed", point.failed},
          {"backlog_grows", point.backlog_grows},
          {"held", point.held}};
}

// Of the time that transfers take by the links' speed, what did not keep a processor waiting.
double hidden_share(const Transfers& transfers) {
  return std::clamp(1 - transfers.exposed / transfers.total, 0.0, 1.0);
}

Json json_of(const SystemResult& system) {
  Json points = Json::array();
  for (const Point& point : system.points) points.push_back(json_of(point));
  Json json = {{"name", system.name},
               {"threshold_per_s", system.threshold_per_s},
               {"saturated_per_s", system.saturated_per_s},
               {"lone_p50_ms", ms(system.lone_p50)}};
  if (system.transfers.total.count() > 0)
    json["transfers"] = {{"total_ms", ms(system.transfers.total)}, {"hidden_share", hidden_share(system.transfers)}};
  json["points"] = points;
  return json;
}

// ---- conclusions

std::string number(double value, int decimals) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(decimals) << value;
  return text.str();
}

// Rates and times with about three digits that mean something.
std::string three_digits(double value) {
  return number(value, value < 10 ? 2 : value < 100 ? 1 : 0);
}

// "ORT all cores 0.93, StarONNX whole 0.96": every system but `best`, by its value in units of the best one's.
template <class Value>
std::string others(const Comparison& comparison, const SystemResult& best, Value value) {
  std::string text;
  for (const SystemResult& system : comparison.systems) {
    if (&system == &best) continue;
    text += (text.empty() ? "" : ", ") + system.name + " " + number(value(system) / value(best), 2);
  }
  return text.empty() ? "" : " Relative to that: " + text + ".";
}

std::string about_threshold(const Comparison& comparison) {
  const auto value = [](const SystemResult& system) { return system.threshold_per_s; };
  const SystemResult& best = *std::ranges::max_element(comparison.systems, {}, value);
  if (best.threshold_per_s <= 0) return "No system held any of the measured rates.";
  return "Congestion: " + best.name + " holds the highest rate, " + three_digits(best.threshold_per_s) +
         " requests/s with p99 within " + three_digits(comparison.slo.count()) + " ms." + others(comparison, best, value);
}

std::string about_saturation(const Comparison& comparison) {
  const auto value = [](const SystemResult& system) { return system.saturated_per_s; };
  const SystemResult& best = *std::ranges::max_element(comparison.systems, {}, value);
  return "Saturated: " + best.name + " serves the most, " + three_digits(best.saturated_per_s) + " requests/s." +
         others(comparison, best, value);
}

std::string about_lone_latency(const Comparison& comparison) {
  const auto value = [](const SystemResult& system) { return ms(system.lone_p50); };
  const SystemResult& best = *std::ranges::min_element(comparison.systems, {}, value);
  return "One request at a time: " + best.name + " answers soonest, p50 " + three_digits(ms(best.lone_p50)) + " ms." +
         others(comparison, best, value);
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

// ---- table

std::string slo_text(const Comparison& comparison) {
  std::string text = "SLO: p99 within " + three_digits(comparison.slo.count()) + " ms";
  if (!comparison.slo_chosen) text += " (" + number(kDefaultSlo, 0) + " times the smallest lone p50)";
  return text;
}

std::string note_of(const Point& point, Milliseconds slo) {
  std::vector<std::string> notes;
  if (point.p99 > slo) notes.push_back("over the SLO");
  if (point.backlog_grows) notes.push_back("backlog grows");
  if (point.refused > 0) notes.push_back(std::to_string(point.refused) + " refused");
  if (point.dropped > 0) notes.push_back(std::to_string(point.dropped) + " dropped");
  if (point.failed > 0) notes.push_back(std::to_string(point.failed) + " failed");
  if (point.late_generator) notes.push_back("generator late");
  std::string text;
  for (const std::string& note : notes) text += (text.empty() ? "" : ", ") + note;
  return text;
}

void add_row(const std::string& name, const std::vector<std::string>& cells, const std::string& note, std::ostream& text) {
  text << std::left << std::setw(24) << name << std::right;
  for (const std::string& cell : cells) text << std::setw(10) << cell;
  text << (note.empty() ? "" : "  ") << note << '\n';
}

void add_curves(const Comparison& comparison, std::ostream& text) {
  add_row("", {"rate/s", "served/s", "p50 ms", "p90 ms", "p95 ms", "p99 ms", "answers"}, "", text);
  for (const SystemResult& system : comparison.systems) {
    std::string name = system.name;
    for (const Point& point : system.points) {
      std::vector<std::string> cells = {three_digits(point.rate_per_s), three_digits(point.served_per_s)};
      for (const Microseconds time : {point.p50, point.p90, point.p95, point.p99})
        cells.push_back(point.answered == 0 ? "-" : three_digits(ms(time)));
      cells.push_back(std::to_string(point.answered));
      add_row(name, cells, note_of(point, comparison.slo), text);
      name.clear();
    }
  }
}

void add_summary(const Comparison& comparison, std::ostream& text) {
  add_row("", {"lone p50", "threshold", "saturated"}, "", text);
  add_row("", {"ms", "1/s", "1/s"}, "", text);
  for (const SystemResult& system : comparison.systems)
    add_row(system.name,
            {three_digits(ms(system.lone_p50)), three_digits(system.threshold_per_s), three_digits(system.saturated_per_s)}, "",
            text);
}

}  // namespace

std::string to_json(const Setting& setting, const Comparison& comparison) {
  Json systems = Json::array();
  for (const SystemResult& system : comparison.systems) systems.push_back(json_of(system));
  const Json json = {{"machine", setting.machine},
                     {"model", setting.model},
                     {"seed", comparison.seed},
                     {"slo_ms", comparison.slo.count()},
                     {"slo_chosen", comparison.slo_chosen},
                     {"others_share", comparison.others_share ? Json(*comparison.others_share) : Json(nullptr)},
                     {"core_groups", setting.core_groups},
                     {"scheduler", setting.scheduler},
                     {"versions", setting.versions},
                     {"command", setting.command},
                     {"estimates", setting.estimates},
                     {"systems", systems},
                     {"conclusions", conclusions(comparison)},
                     {"warnings", warnings(comparison)}};
  return json.dump(1) + "\n";
}

std::string to_text(const Setting& setting, const Comparison& comparison) {
  std::ostringstream text;
  text << setting.model << " on " << setting.machine << "; seed " << comparison.seed << '\n' << slo_text(comparison) << "\n\n";
  add_curves(comparison, text);
  text << '\n';
  add_summary(comparison, text);
  text << '\n';
  for (const std::string& estimate : setting.estimates) text << "Estimated: " << estimate << ".\n";
  for (const std::string& sentence : warnings(comparison)) text << sentence << '\n';
  for (const std::string& sentence : conclusions(comparison)) text << sentence << '\n';
  text << "Again: " << setting.command << '\n';
  return text.str();
}

std::vector<std::string> conclusions(const Comparison& comparison) {
  std::vector<std::string> sentences = {about_threshold(comparison), about_saturation(comparison),
                                        about_lone_latency(comparison)};
  for (const SystemResult& system : comparison.systems) {
    if (system.transfers.total.count() > 0) sentences.push_back(about_transfers(system));
  }
  return sentences;
}

std::vector<std::string> warnings(const Comparison& comparison) {
  const std::vector<const Point*> points = all_points(comparison);
  const auto late = std::ranges::count_if(points, [](const Point* point) { return point->late_generator; });
  const auto few = std::ranges::count_if(points, [](const Point* point) { return point->answered < 100; });
  const std::string of_all = " of " + std::to_string(points.size()) + " points";
  std::vector<std::string> sentences;
  if (comparison.others_share.value_or(0) > kQuiet)
    sentences.push_back("Do not trust these figures: other programs used " + number(100 * *comparison.others_share, 0) +
                        " % of the machine meanwhile. Let it rest, and measure again.");
  if (late > 0)
    sentences.push_back(
        "The load generator was late at " + std::to_string(late) + of_all +
        " (lag p99 over 1 % of the SLO). The lag counts as latency, so these points look worse than the system is.");
  if (few > 0)
    sentences.push_back(std::to_string(few) + of_all +
                        " have fewer than 100 answers: their p99 is the slowest answer. A larger --budget gives more.");
  return sentences;
}

}  // namespace staronnx
