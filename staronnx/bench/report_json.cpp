#include <nlohmann/json.hpp>

#include "staronnx/bench/report.h"
#include "staronnx/bench/summary.h"

namespace staronnx {
namespace {

using Json = nlohmann::ordered_json;

double ms(Microseconds time) {
  return Milliseconds(time).count();
}

template <class Value>
Json or_null(const std::optional<Value>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json in_flight(int count) {
  return count == 0 ? Json(nullptr) : Json(count);
}

Json json_of(const std::optional<ServerTimes>& server) {
  if (!server) return nullptr;
  return {{"requests", server->requests},
          {"executions", server->executions},
          {"queue_us", server->queue.count()},
          {"compute_input_us", server->compute_input.count()},
          {"compute_infer_us", server->compute_infer.count()},
          {"compute_output_us", server->compute_output.count()}};
}

Json json_of(const std::vector<Busy>& busy) {
  Json shares;
  for (const Busy& each : busy) shares[each.name] = each.share;
  return shares;
}

Json json_of(const Point& point) {
  const auto latency = [&](Microseconds time) { return point.answered == 0 ? Json(nullptr) : Json(ms(time)); };
  return {{"seed", point.seed},
          {"rate_per_s", point.rate_per_s},
          {"concurrency", in_flight(point.in_flight)},
          {"served_per_s", point.served_per_s},
          {"good_per_s", point.good_per_s},
          {"mean_ms", latency(point.mean)},
          {"p50_ms", latency(point.p50)},
          {"p90_ms", latency(point.p90)},
          {"p95_ms", latency(point.p95)},
          {"p99_ms", latency(point.p99)},
          {"late_generator", point.late_generator},
          {"generator_lag_p99_ms", ms(point.lag_p99)},
          {"duration_s", point.duration.count()},
          {"sent", point.sent},
          {"answered", point.answered},
          {"late", point.late},
          {"refused", point.refused},
          {"dropped", point.dropped},
          {"failed", point.failed},
          {"first_error", point.first_error.empty() ? Json(nullptr) : Json(point.first_error)},
          {"backlog_grows", point.backlog_grows},
          {"stable", point.stable},
          {"held", point.held},
          {"server", json_of(point.server)},
          {"busy", json_of(point.busy)}};
}

Json json_of(const std::optional<Spread>& spread) {
  if (!spread) return nullptr;
  return {{"median", spread->median}, {"low", spread->low}, {"high", spread->high}};
}

Json json_of(const CurvePoint& point) {
  return {{"rate_per_s", point.rate_per_s},
          {"concurrency", in_flight(point.in_flight)},
          {"points", point.points},
          {"held", point.held},
          {"served_per_s", json_of(point.served_per_s)},
          {"good_per_s", json_of(point.good_per_s)},
          {"p50_ms", json_of(point.p50_ms)},
          {"p90_ms", json_of(point.p90_ms)},
          {"p95_ms", json_of(point.p95_ms)},
          {"p99_ms", json_of(point.p99_ms)}};
}

Json json_of(const SeedResult& seed) {
  return {{"seed", seed.seed},
          {"lone_p50_ms", seed.lone_p50 ? Json(ms(*seed.lone_p50)) : Json(nullptr)},
          {"saturated_per_s", or_null(seed.saturated_per_s)},
          {"threshold_per_s", or_null(seed.threshold_per_s)},
          {"generator_limited", seed.generator_limited}};
}

Json json_of(const SystemResult& system);

template <class Elements>
Json list_of(const Elements& elements) {
  Json list = Json::array();
  for (const auto& element : elements) list.push_back(json_of(element));
  return list;
}

Json median(const std::optional<Spread>& spread) {
  return spread ? Json(spread->median) : Json(nullptr);
}

Json json_of(const SystemResult& system) {
  const SystemSummary summary = summary_of(system);
  Json json = {{"name", system.name},
               {"threshold_per_s", median(summary.threshold_per_s)},
               {"saturated_per_s", median(summary.saturated_per_s)},
               {"lone_p50_ms", median(summary.lone_p50_ms)},
               {"by_seed", list_of(system.by_seed)}};
  if (system.transfers.total.count() > 0)
    json["transfers"] = {{"total_ms", ms(system.transfers.total)}, {"hidden_share", hidden_share(system.transfers)}};
  json["curve"] = list_of(summary.curve);
  json["points"] = list_of(system.points);
  return json;
}

std::string dump(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n";
}

const char* outcome_of(const Sample& sample, const Limits& limits) {
  if (!sample.failure) return sample.latency() > limits.in_time() ? "late" : "answered";
  if (*sample.failure == ErrorCode::unavailable) return "refused";
  return *sample.failure == ErrorCode::deadline_exceeded ? "dropped" : "failed";
}

}  // namespace

std::string to_json(const Setting& setting, const Comparison& comparison) {
  const std::size_t seeds = comparison.seeds.size();
  return dump({{"machine", setting.machine},
               {"model", setting.model},
               {"seed", comparison.seeds.front()},
               {"seeds", comparison.seeds},
               {"confidence", seeds > 1 ? Json(confidence_of(seeds)) : Json(nullptr)},
               {"arrivals", comparison.arrivals},
               {"slo_ms", comparison.limits.slo.count()},
               {"slo_chosen", comparison.slo.fixed.has_value()},
               {"slo_times_lone", comparison.slo.fixed ? Json(nullptr) : Json(comparison.slo.times_lone)},
               {"percentile", comparison.limits.percentile},
               {"deadline_ms", comparison.limits.deadline ? Json(comparison.limits.deadline->count()) : Json(nullptr)},
               {"others_share", or_null(comparison.others_share)},
               {"core_groups", setting.core_groups},
               {"scheduler", setting.scheduler},
               {"versions", setting.versions},
               {"estimates", setting.estimates},
               {"command", setting.command},
               {"systems", list_of(comparison.systems)},
               {"conclusions", conclusions(comparison)},
               {"warnings", warnings(comparison)}},
              1);
}

std::string to_json_lines(const std::string& system, const Point& point, const Limits& limits, std::span<const Sample> samples) {
  std::string lines;
  for (const Sample& sample : samples) {
    lines += dump({{"system", system},
                   {"seed", point.seed},
                   {"rate_per_s", point.rate_per_s},
                   {"intended_s", sample.intended.count()},
                   {"sent_s", sample.sent.count()},
                   {"finished_s", sample.finished > Seconds(0) ? Json(sample.finished.count()) : Json(nullptr)},
                   {"latency_ms", sample.failure ? Json(nullptr) : Json(ms(sample.latency()))},
                   {"outcome", outcome_of(sample, limits)}},
                  -1);
  }
  return lines;
}

}  // namespace staronnx
