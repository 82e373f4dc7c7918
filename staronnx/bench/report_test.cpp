#include "staronnx/bench/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

namespace staronnx {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Setting setting() {
  return {.machine = "Abacus, 2 cores",
          .model = "toy.onnx",
          .command = "staronnx bench plan/ --seed 3",
          .core_groups = "1,1",
          .scheduler = "dmdas",
          .versions = {{"onnxruntime", "1.2.3"}}};
}

Point point(double rate, Milliseconds p99) {
  Point point;
  point.seed = 3;
  point.rate_per_s = point.served_per_s = point.good_per_s = rate;
  point.duration = Seconds(10);
  point.sent = point.answered = static_cast<std::size_t>(rate * 10);
  point.mean = Milliseconds(10.5);
  point.p50 = Milliseconds(10);
  point.p90 = Milliseconds(11);
  point.p95 = Milliseconds(12);
  point.p99 = point.tail = p99;
  point.held = true;
  return point;
}

SeedResult seed_result(Milliseconds lone, double saturated, double threshold) {
  return {.seed = 3, .lone_p50 = lone, .saturated_per_s = saturated, .threshold_per_s = threshold};
}

Comparison comparison() {
  return {.seeds = {3},
          .arrivals = "poisson",
          .limits = {.slo = Milliseconds(50)},
          .systems = {{.name = "plain",
                       .by_seed = {seed_result(Milliseconds(10), 100, 80)},
                       .transfers = {},
                       .points = {point(40, Milliseconds(13)), point(80, Milliseconds(45))}},
                      {.name = "split",
                       .by_seed = {seed_result(Milliseconds(12), 90, 60)},
                       .transfers = {},
                       .points = {point(40, Milliseconds(14))}}}};
}

// Of one system and three seeds; at the last its p99 was another.
Comparison three_seeds() {
  Comparison comparison{.seeds = {1, 2, 3},
                        .arrivals = "constant",
                        .limits = {.slo = Milliseconds(50)},
                        .systems = {{.name = "one", .by_seed = {}, .points = {}}}};
  for (unsigned seed = 1; seed <= 3; ++seed) {
    comparison.systems[0].points.push_back(point(40, Milliseconds(seed == 3 ? 70 : 20 + seed)));
    comparison.systems[0].points.back().held = seed != 3;
    comparison.systems[0].by_seed.push_back({.seed = seed, .threshold_per_s = 10.0 * seed});
  }
  return comparison;
}

TEST(ReportJson, HasTheAgreedNamesAndUnits) {
  const auto json = nlohmann::json::parse(to_json(setting(), comparison()));
  EXPECT_EQ(json["machine"], "Abacus, 2 cores");
  EXPECT_EQ(json["model"], "toy.onnx");
  EXPECT_EQ(json["seed"], 3);
  EXPECT_EQ(json["slo_ms"], 50);
  EXPECT_EQ(json["versions"]["onnxruntime"], "1.2.3");
  EXPECT_EQ(json["command"], "staronnx bench plan/ --seed 3");
  const auto& system = json["systems"][0];
  EXPECT_EQ(system["name"], "plain");
  EXPECT_EQ(system["threshold_per_s"], 80);
  EXPECT_EQ(system["saturated_per_s"], 100);
  EXPECT_EQ(system["lone_p50_ms"], 10);
  const auto& first = system["points"][0];
  EXPECT_EQ(first["rate_per_s"], 40);
  EXPECT_EQ(first["served_per_s"], 40);
  EXPECT_EQ(first["p50_ms"], 10);
  EXPECT_EQ(first["p90_ms"], 11);
  EXPECT_EQ(first["p95_ms"], 12);
  EXPECT_EQ(first["p99_ms"], 13);
  EXPECT_EQ(first["late_generator"], false);
  EXPECT_EQ(first["answered"], 400);
  EXPECT_EQ(first["sent"], 400);
  EXPECT_EQ(first["good_per_s"], 40);
  for (const char* name : {"late", "refused", "dropped", "failed"}) EXPECT_EQ(first[name], 0) << name;
  for (const char* name : {"concurrency", "server", "first_error", "busy"}) EXPECT_TRUE(first[name].is_null()) << name;
  EXPECT_EQ(json["arrivals"], "poisson");
  EXPECT_TRUE(json["confidence"].is_null());
  EXPECT_TRUE(json["deadline_ms"].is_null());
}

TEST(ReportJson, SaysHowBusyProcessorsWere) {
  Comparison busy = comparison();
  busy.systems[0].points[0].busy = {{"cores", 0.5}, {"link to gpu0", 0.125}};
  const auto json = nlohmann::json::parse(to_json(setting(), busy));
  EXPECT_EQ(json["systems"][0]["points"][0]["busy"], nlohmann::json::parse(R"({"cores": 0.5, "link to gpu0": 0.125})"));
}

TEST(ReportJson, HasMediansAndIntervalsOverTheSeeds) {
  const auto json = nlohmann::json::parse(to_json(setting(), three_seeds()));
  EXPECT_EQ(json["seeds"], (std::vector{1, 2, 3}));
  EXPECT_EQ(json["confidence"], 0.75);
  const auto& system = json["systems"][0];
  EXPECT_EQ(system["threshold_per_s"], 20);
  EXPECT_EQ(system["by_seed"][2]["threshold_per_s"], 30);
  EXPECT_TRUE(system["lone_p50_ms"].is_null());
  EXPECT_EQ(system["points"].size(), 3u);
  ASSERT_EQ(system["curve"].size(), 1u);
  EXPECT_EQ(system["curve"][0]["p99_ms"], nlohmann::json::parse(R"({"median": 22, "low": 21, "high": 70})"));
  EXPECT_EQ(system["curve"][0]["held"], 2);
  EXPECT_EQ(system["curve"][0]["points"], 3);
}

TEST(ReportJson, HasWhatTheServerCounted) {
  Comparison counted = comparison();
  counted.systems[0].points[0].server = ServerTimes{7, 5, Microseconds(1), Microseconds(2), Microseconds(3), Microseconds(4)};
  const auto json = nlohmann::json::parse(to_json(setting(), counted));
  EXPECT_EQ(
      json["systems"][0]["points"][0]["server"],
      nlohmann::json::parse(
          R"({"requests": 7, "executions": 5, "queue_us": 1, "compute_input_us": 2, "compute_infer_us": 3, "compute_output_us": 4})"));
}

TEST(ReportJsonLines, HaveEveryRequest) {
  const std::vector<Sample> samples = {
      {.intended = Seconds(1), .sent = Seconds(1.5), .handed = Seconds(1.5), .finished = Seconds(1.03), .failure = std::nullopt},
      {.intended = Seconds(2), .sent = Seconds(2), .handed = Seconds(2), .finished = Seconds(3), .failure = std::nullopt},
      {.intended = Seconds(3), .sent = Seconds(3), .handed = Seconds(3), .finished = {}, .failure = ErrorCode::unavailable},
      {.intended = Seconds(3),
       .sent = Seconds(3),
       .handed = Seconds(3),
       .finished = Seconds(4),
       .failure = ErrorCode::deadline_exceeded},
      {.intended = Seconds(3), .sent = Seconds(3), .handed = Seconds(3), .finished = Seconds(4), .failure = ErrorCode::internal}};
  std::istringstream lines(to_json_lines("plain", point(40, Milliseconds(13)), {.slo = Milliseconds(50)}, samples));
  std::vector<nlohmann::json> requests;
  for (std::string line; std::getline(lines, line);) requests.push_back(nlohmann::json::parse(line));
  ASSERT_EQ(requests.size(), 5u);
  EXPECT_EQ(requests[0]["system"], "plain");
  EXPECT_EQ(requests[0]["seed"], 3);
  EXPECT_EQ(requests[0]["rate_per_s"], 40);
  EXPECT_EQ(requests[0]["intended_s"], 1);
  EXPECT_EQ(requests[0]["sent_s"], 1.5);
  EXPECT_NEAR(requests[0]["latency_ms"], 30, 1e-6);
  EXPECT_TRUE(requests[2]["finished_s"].is_null() && requests[2]["latency_ms"].is_null());
  std::vector<std::string> outcomes;
  for (const auto& request : requests) outcomes.push_back(request["outcome"]);
  EXPECT_THAT(outcomes, ElementsAre("answered", "late", "refused", "dropped", "failed"));
}

constexpr const char* kColumns =
    "Inferences/Second,Client Send,Network+Server Send/Recv,Server Queue,Server Compute Input,Server Compute Infer,Server "
    "Compute Output,"
    "Client Recv,p50 latency,p90 latency,p95 latency,p99 latency\n";

TEST(ReportCsv, HasPerfAnalyzersColumnsThatAddUpToTheMean) {
  Comparison one = comparison();
  one.systems.resize(1);
  one.systems[0].points.resize(1);
  Point& point = one.systems[0].points[0];
  EXPECT_EQ(to_csv(one), std::string("Request Rate,") + kColumns + "40,40,0,10500,0,0,0,0,0,10000,11000,12000,13000\n");
  point.mean_send = Microseconds(100);
  point.server = ServerTimes{400, 400, Microseconds(200), Microseconds(30), Microseconds(9000), Microseconds(70)};
  EXPECT_EQ(to_csv(one), std::string("Request Rate,") + kColumns + "40,40,100,1100,200,30,9000,70,0,10000,11000,12000,13000\n");
  point.in_flight = 4;
  EXPECT_THAT(to_csv(one), testing::StartsWith(std::string("Concurrency,") + kColumns + "4,40,"));
}

TEST(ReportCsv, NamesSeveralSystemsInAColumnBefore) {
  Comparison two = comparison();
  two.systems[1].name = "an \"odd\" one";
  EXPECT_THAT(to_csv(two), AllOf(testing::StartsWith(std::string("System,Request Rate,") + kColumns + "\"plain\",40,"),
                                 HasSubstr("\n\"an \"\"odd\"\" one\",40,")));
}

TEST(Transfers, AreReportedWhereThereAreSeveralMemories) {
  EXPECT_FALSE(nlohmann::json::parse(to_json(setting(), comparison()))["systems"][0].contains("transfers"));
  Comparison moving = comparison();
  moving.systems[1].transfers = {Seconds(2), Milliseconds(500)};
  const auto json = nlohmann::json::parse(to_json(setting(), moving))["systems"][1]["transfers"];
  EXPECT_EQ(json["total_ms"], 2000);
  EXPECT_EQ(json["hidden_share"], 0.75);
  EXPECT_THAT(conclusions(moving), Contains(AllOf(HasSubstr("split moved data between memories for 2.00 s"), HasSubstr("75 %"))));
}

TEST(ReportJson, HasNoLatencyWithoutAnswers) {
  Comparison none = comparison();
  none.systems[0].points[0].answered = 0;
  const auto json = nlohmann::json::parse(to_json(setting(), none));
  EXPECT_TRUE(json["systems"][0]["points"][0]["p99_ms"].is_null());
  EXPECT_THAT(to_text(setting(), none), HasSubstr(" -"));
}

TEST(Conclusions, NameTheBestAndMeasureTheOthersByIt) {
  EXPECT_THAT(conclusions(comparison()), Contains(AllOf(HasSubstr("plain holds the highest rate, 80.0 requests/s"),
                                                        HasSubstr("within 50.0 ms"), HasSubstr("split 0.75"))));
  EXPECT_THAT(conclusions(comparison()), Contains(AllOf(HasSubstr("plain serves the most, 100"), HasSubstr("split 0.90"))));
  EXPECT_THAT(conclusions(comparison()), Contains(AllOf(HasSubstr("plain answers soonest"), HasSubstr("split 1.20"))));
}

TEST(Conclusions, SayWhenNothingHeld) {
  Comparison none = comparison();
  for (SystemResult& system : none.systems) system.by_seed[0].threshold_per_s = 0;
  EXPECT_THAT(conclusions(none), Contains(HasSubstr("No system held")));
}

TEST(Warnings, AreNoneWithoutReason) {
  EXPECT_THAT(warnings(comparison()), IsEmpty());
}

TEST(Warnings, TellOfALateGenerator) {
  Comparison doubtful = comparison();
  doubtful.systems[0].points[0].late_generator = true;
  EXPECT_THAT(warnings(doubtful), ElementsAre(AllOf(HasSubstr("Invalid"), HasSubstr("late at 1 of 3 points"))));
}

TEST(Warnings, TellOfAThresholdThatTheGeneratorLimited) {
  Comparison doubtful = comparison();
  doubtful.systems[1].by_seed[0].generator_limited = true;
  EXPECT_THAT(warnings(doubtful), ElementsAre(HasSubstr("threshold of split is that of the load generator")));
}

TEST(Warnings, TellOfWindowsThatDidNotSettle) {
  Comparison doubtful = comparison();
  doubtful.systems[1].points[0].stable = false;
  EXPECT_THAT(warnings(doubtful), ElementsAre(HasSubstr("1 of 3 points did not settle")));
}

TEST(Warnings, TellOfFewAnswers) {
  Comparison doubtful = comparison();
  doubtful.systems[1].points[0].answered = 99;
  EXPECT_THAT(warnings(doubtful), ElementsAre(HasSubstr("1 of 3 points have fewer than 100")));
}

TEST(Warnings, TellOfAMachineThatOthersUsed) {
  Comparison busy = comparison();
  busy.others_share = 0.02;
  EXPECT_THAT(warnings(busy), IsEmpty());
  busy.others_share = 0.4;
  EXPECT_THAT(warnings(busy), ElementsAre(HasSubstr("other programs used 40 %")));
  EXPECT_THAT(to_text(setting(), busy), HasSubstr("Do not trust"));
  EXPECT_EQ(nlohmann::json::parse(to_json(setting(), busy))["warnings"].size(), 1u);
}

TEST(ReportText, SaysWhyAPointWasNotHeld) {
  Comparison congested = comparison();
  Point& bad = congested.systems[1].points[0];
  bad.p99 = bad.tail = Milliseconds(400);
  bad.backlog_grows = true;
  bad.refused = 7;
  bad.late = 3;
  bad.late_generator = true;
  bad.first_error = "the queue is full";
  EXPECT_THAT(to_text(setting(), congested),
              AllOf(HasSubstr("over the SLO, backlog grows, 3 late, 7 refused, invalid: generator late"),
                    HasSubstr("split: the queue is full")));
}

TEST(ReportText, HasTheSloAndTheCommandThatRepeatsIt) {
  EXPECT_THAT(to_text(setting(), comparison()),
              AllOf(HasSubstr("p99 within 50.0 ms (5 times the smallest lone p50)"), HasSubstr("staronnx bench plan/ --seed 3")));
  Comparison chosen = comparison();
  chosen.slo.fixed = Milliseconds(50);
  EXPECT_THAT(to_text(setting(), chosen), Not(HasSubstr("times the smallest")));
}

TEST(ReportText, ShowsIntervalsOverTheSeeds) {
  EXPECT_THAT(to_text(setting(), three_seeds()), AllOf(HasSubstr("seeds 1 to 3"), HasSubstr("p99 21.0 to 70.0"),
                                                       HasSubstr("threshold 10.0 to 30.0"), HasSubstr("probability of 75 %")));
}

TEST(ReportText, LeavesOutWhatWasNotMeasured) {
  Comparison curve = comparison();
  for (SystemResult& system : curve.systems) system.by_seed = {{.seed = 3}};
  EXPECT_THAT(to_text(setting(), curve), AllOf(HasSubstr("p99 ms"), Not(HasSubstr("saturated"))));
}

}  // namespace
}  // namespace staronnx
