#include <functional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "staronnx/profile/cost_profile.h"

namespace staronnx {
namespace {

CostProfile example() {
  CostProfile profile;
  profile.model_hash = "abc";
  profile.machine_id = "CPU, 2 cores";
  profile.engine = "onnxruntime 1.0.0";
  profile.shapes = {{1, 3}, {}};
  profile.widths = {1, 2};
  profile.node_time = {{Microseconds(1.5), Microseconds(0)}, {Microseconds(1), Microseconds(0.25)}};
  profile.whole = {Microseconds(1.5), Microseconds(1.25)};
  TensorInfo info;
  info.name = "y";
  info.type = DataType::float16;
  info.shape = {1, 3};
  info.dimension_names = {"", ""};
  profile.tensors = {{"y", info}};
  return profile;
}

TEST(CostProfileJson, ComesBackTheSame) {
  const CostProfile profile = example();
  const Result<CostProfile> again = parse_cost_profile(to_json(profile));
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(again->model_hash, profile.model_hash);
  EXPECT_EQ(again->machine_id, profile.machine_id);
  EXPECT_EQ(again->engine, profile.engine);
  EXPECT_EQ(again->shapes, profile.shapes);
  EXPECT_EQ(again->widths, profile.widths);
  EXPECT_EQ(again->node_time, profile.node_time);
  EXPECT_EQ(again->whole, profile.whole);
  EXPECT_EQ(again->tensors, profile.tensors);
}

TEST(CostProfileJson, EveryFieldIsNeeded) {
  const auto whole = nlohmann::json::parse(to_json(example()));
  for (const auto& [name, value] : whole.items()) {
    auto without = whole;
    without.erase(name);
    const Result<CostProfile> refused = parse_cost_profile(without.dump());
    ASSERT_FALSE(refused.ok()) << name;
    EXPECT_THAT(refused.error().message, ::testing::HasSubstr(name));
  }
}

using Change = std::function<void(nlohmann::json&)>;

TEST(CostProfileJson, BadValuesAreRefused) {
  const std::vector<std::pair<const char*, Change>> changes = {
      {"format", [](auto& json) { json["format"] = 99; }},
      {"whole_us", [](auto& json) { json["whole_us"][0] = -1; }},
      {"node_time_us", [](auto& json) { json["node_time_us"][1][0] = -1; }},
      {"node_time_us", [](auto& json) { json["node_time_us"][1].push_back(1); }},
      {"node_time_us", [](auto& json) { json["node_time_us"].erase(0); }},
      {"number", [](auto& json) { json["node_time_us"][0][0] = nullptr; }},  // what a number that is not finite is written as
      {"widths",
       [](auto& json) {
         json["widths"] = {2, 1};
       }},
      {"widths",
       [](auto& json) {
         json["widths"] = {0, 1};
       }},
      {"widths", [](auto& json) { json["widths"][1] = 1'000'000'000'000; }},
      {"widths", [](auto& json) { json["widths"][1] = 2.5; }},
      {"float17", [](auto& json) { json["tensors"]["y"]["type"] = "float17"; }},
      {"'y'", [](auto& json) { json["tensors"]["y"]["shape"] = {-1}; }},
      {"'y'", [](auto& json) { json["tensors"]["y"]["shape"] = {1e30}; }},
      {"shapes", [](auto& json) { json["shapes"][0] = {1e30}; }},
      {"array", [](auto& json) { json["shapes"] = 3; }},
      {"array", [](auto& json) { json["whole_us"] = 3; }},
  };
  for (const auto& [named, change] : changes) {
    auto json = nlohmann::json::parse(to_json(example()));
    change(json);
    const Result<CostProfile> refused = parse_cost_profile(json.dump());
    ASSERT_FALSE(refused.ok()) << json;
    EXPECT_THAT(refused.error().message, ::testing::HasSubstr(named));
  }
}

TEST(CostProfileJson, OtherTextIsRefused) {
  for (const char* text : {"", "{", "[]", "null", "{}"}) EXPECT_FALSE(parse_cost_profile(text).ok()) << text;
}

TEST(CostProfile, KnowsTheBytesOfATensor) {
  EXPECT_EQ(example().bytes_of("y"), Bytes{6});
  EXPECT_EQ(example().bytes_of("unknown"), Bytes{});
}

}  // namespace
}  // namespace staronnx
