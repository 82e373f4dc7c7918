#include "apps/advice.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "staronnx/bench/rounded_text.h"

namespace staronnx::apps {
namespace {

using Json = nlohmann::ordered_json;

// Of fewer requests p99 is the slowest.
constexpr std::size_t kFew = 100;

// Of the saturated rate: by less the thresholds of one machine differ with the search's steps (4 %) and with the order of events.
constexpr double kUnclear = 0.05;

const Busy& busiest(const Outcome& outcome) {
  return *std::ranges::max_element(outcome.busy, {}, &Busy::share);
}

bool is_link(const Busy& busy) {
  return busy.name.starts_with("link ");
}

bool one_takes_too_long(const Advice& advice) {
  return advice.now.lone_p50 > advice.slo;
}

std::string per_s(double rate) {
  return three_digits(rate) + " requests/s";
}

std::string ms(Milliseconds time) {
  return three_digits(time.count()) + " ms";
}

// " (+23 %)"
std::string change_from(double before, double after) {
  if (before <= 0) return "";
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), " (%+.0f %%)", std::round(100 * (after / before - 1)) + 0.0);  // not -0
  return text.data();
}

std::string about_rate(const Advice& advice) {
  const Outcome& now = advice.now;
  std::string text = (now.holds ? "Yes: at " : "No: at ") + per_s(advice.rate_per_s);
  if (!now.p99) return text + " no request is answered.";
  text += " p99 is " + ms(*now.p99) + ", " + number(*now.p99 / advice.slo, 2) + " times the limit of " + ms(advice.slo);
  if (now.answered < kFew) text += " (of only " + std::to_string(now.answered) + " requests)";
  if (now.unanswered > 0) text += "; " + std::to_string(now.unanswered) + " requests are given up";
  if (now.backlog_grows) text += "; the backlog grows";
  return text + ".";
}

std::string about_margin(const Advice& advice) {
  const Outcome& now = advice.now;
  std::string text = "Margin: ";
  text += now.threshold_per_s > 0 ? "the congestion threshold is " + per_s(now.threshold_per_s) + ", " +
                                        number(now.threshold_per_s / advice.rate_per_s, 2) + " times the rate."
                                  : "none; no rate that was tried holds.";
  if (now.bound_per_s) text += " The planner's bound is " + per_s(*now.bound_per_s) + ".";
  return text;
}

// All processors, and of the links the busiest.
std::string others(const Outcome& outcome) {
  const Busy& most = busiest(outcome);
  const Busy* link = nullptr;
  std::string text;
  const auto add = [&](const Busy& busy) {
    text += (text.empty() ? "" : ", ") + busy.name + " " + number(100 * busy.share, 0) + " %";
  };
  for (const Busy& busy : outcome.busy) {
    if (&busy == &most) continue;
    if (!is_link(busy)) add(busy);
    if (is_link(busy) && (link == nullptr || busy.share > link->share)) link = &busy;
  }
  if (link != nullptr && !is_link(most)) add(*link);
  return text;
}

std::string about_bottleneck(const Advice& advice) {
  const Outcome& now = advice.now;
  if (one_takes_too_long(advice))
    return "Bottleneck: a lone request takes " + ms(now.lone_p50) + " already, longer than the limit.";
  const Busy& most = busiest(now);
  const std::string rest = others(now);
  return "Bottleneck: " + most.name + ", at work " + number(100 * most.share, 0) + " % of the time at " +
         per_s(now.busy_at_per_s) + (rest.empty() ? "" : " (" + rest + ")") + ".";
}

std::string threshold_of(const Outcome& then, const Outcome& now) {
  if (then.threshold_per_s <= 0) return "no rate that was tried holds";
  const bool clear = std::abs(then.threshold_per_s - now.threshold_per_s) > kUnclear * now.saturated_per_s;
  return "threshold " + per_s(then.threshold_per_s) +
         (clear ? change_from(now.threshold_per_s, then.threshold_per_s) : " (no clear change)");
}

std::string about(const Change& change, const Advice& advice) {
  std::string text = change.what + ": ";
  text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  if (!change.outcome) return text + "not known, " + change.outcome.error().message + ".";
  const Outcome &then = *change.outcome, &now = advice.now;
  text += (then.holds ? "holds; " : "does not hold; ") + threshold_of(then, now);
  if (then.p99) text += ", p99 " + ms(*then.p99) + (now.p99 ? change_from(now.p99->count(), then.p99->count()) : "");
  if (then.bound_per_s) text += ", the planner's bound " + per_s(*then.bound_per_s);
  return text + ".";
}

std::vector<std::string> conclusions(const Advice& advice) {
  std::vector<std::string> sentences{about_rate(advice), about_margin(advice), about_bottleneck(advice)};
  for (const Change& change : advice.changes) sentences.push_back(about(change, advice));
  return sentences;
}

void add(const Outcome& outcome, const Advice& advice, Json& json) {
  json["holds"] = outcome.holds;
  json["p99_ms"] = outcome.p99 ? Json(outcome.p99->count()) : Json(nullptr);
  json["p99_over_slo"] = outcome.p99 ? Json(*outcome.p99 / advice.slo) : Json(nullptr);
  json["threshold_per_s"] = outcome.threshold_per_s;
  json["threshold_over_rate"] = outcome.threshold_per_s / advice.rate_per_s;
  json["saturated_per_s"] = outcome.saturated_per_s;
  json["lone_p50_ms"] = outcome.lone_p50.count();
  json["bound_per_s"] = outcome.bound_per_s ? Json(*outcome.bound_per_s) : Json(nullptr);
  json["busy_at_per_s"] = outcome.busy_at_per_s;
  for (const Busy& busy : outcome.busy) json["busy"][busy.name] = busy.share;
}

Json json_of(const Change& change, const Advice& advice) {
  Json json = {{"change", change.what}, {"unknown", change.outcome ? Json(nullptr) : Json(change.outcome.error().message)}};
  if (change.outcome) add(*change.outcome, advice, json);
  return json;
}

}  // namespace

std::string to_json(const Advice& advice) {
  Json json = {{"model", advice.model}, {"machine", advice.machine},       {"arrivals", advice.arrivals},
               {"seed", advice.seed},   {"rate_per_s", advice.rate_per_s}, {"slo_ms", advice.slo.count()}};
  add(advice.now, advice, json);
  json["bottleneck"] = one_takes_too_long(advice) ? "a lone request" : busiest(advice.now).name;
  json["changes"] = Json::array();
  for (const Change& change : advice.changes) json["changes"].push_back(json_of(change, advice));
  json["estimates"] = advice.estimates;
  json["command"] = advice.command;
  json["conclusions"] = conclusions(advice);
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string to_text(const Advice& advice) {
  std::string text = advice.model + " on " + advice.machine + "; seed " + std::to_string(advice.seed) +
                     "; arrivals: " + advice.arrivals + "\nSLO: p99 within " + ms(advice.slo) + "\n\n";
  for (const std::string& sentence : conclusions(advice)) text += sentence + "\n";
  text += "\n";
  for (const std::string& estimate : advice.estimates) text += "Estimated: " + estimate + ".\n";
  return text + "Again: " + advice.command + "\n";
}

}  // namespace staronnx::apps
