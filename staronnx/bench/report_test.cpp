#include "staronnx/bench/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

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
  point.rate_per_s = point.served_per_s = rate;
  point.duration = Seconds(10);
  point.answered = static_cast<std::size_t>(rate * 10);
  point.p50 = Milliseconds(10);
  point.p90 = Milliseconds(11);
  point.p95 = Milliseconds(12);
  point.p99 = p99;
  point.held = true;
  return point;
}

Comparison comparison() {
  Comparison comparison;
  comparison.seed = 3;
  comparison.slo = Milliseconds(50);
  comparison.systems = {{.name = "plain",
                         .lone_p50 = Milliseconds(10),
                         .saturated_per_s = 100,
                         .threshold_per_s = 80,
                         .transfers = {},
                         .points = {point(40, Milliseconds(13)), point(80, Milliseconds(45))}},
                        {.name = "split",
                         .lone_p50 = Milliseconds(12),
                         .saturated_per_s = 90,
                         .threshold_per_s = 60,
                         .transfers = {},
                         .points = {point(40, Milliseconds(14))}}};
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
  for (SystemResult& system : none.systems) system.threshold_per_s = 0;
  EXPECT_THAT(conclusions(none), Contains(HasSubstr("No system held")));
}

TEST(Warnings, AreNoneWithoutReason) {
  EXPECT_THAT(warnings(comparison()), IsEmpty());
}

TEST(Warnings, TellOfALateGenerator) {
  Comparison doubtful = comparison();
  doubtful.systems[0].points[0].late_generator = true;
  EXPECT_THAT(warnings(doubtful), ElementsAre(HasSubstr("late at 1 of 3 points")));
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
  bad.p99 = Milliseconds(400);
  bad.backlog_grows = true;
  bad.refused = 7;
  EXPECT_THAT(to_text(setting(), congested), HasSubstr("over the SLO, backlog grows, 7 refused"));
}

TEST(ReportText, HasTheSloAndTheCommandThatRepeatsIt) {
  EXPECT_THAT(to_text(setting(), comparison()),
              AllOf(HasSubstr("p99 within 50.0 ms (5 times the smallest lone p50)"), HasSubstr("staronnx bench plan/ --seed 3")));
  Comparison chosen = comparison();
  chosen.slo_chosen = true;
  EXPECT_THAT(to_text(setting(), chosen), Not(HasSubstr("times the smallest")));
}

}  // namespace
}  // namespace staronnx
