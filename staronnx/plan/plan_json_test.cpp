#include <functional>
#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

#include "staronnx/base/temporary_directory.h"
#include "staronnx/base/write_file.h"
#include "staronnx/plan/plan.h"

namespace staronnx {
namespace {

using Json = nlohmann::json;

TensorInfo tensor(const std::string& name, Shape shape) {
  std::vector<std::string> names(shape.size());
  return {.name = name, .type = DataType::float32, .shape = std::move(shape), .dimension_names = std::move(names)};
}

constexpr Variation kVariation = {0.5, 0.75, 0.875, 1, 1.0625, 1.25, 1.5, 1.75, 3};

// x -> [a] -> t -> [b] -> y, whole and in two.
Plan small_plan() {
  Plan plan;
  plan.model = "small.onnx";
  plan.model_hash = "0123";
  plan.machine = "test, 2 cores";
  plan.engine = "onnxruntime 1";
  plan.signature = {{tensor("x", {-1, 4})}, {tensor("y", {-1, 4})}};
  plan.signature.inputs[0].dimension_names[0] = "batch";
  plan.shapes = {{2, 4}};
  for (const char* name : {"x", "t", "y"}) plan.tensors[name] = {tensor(name, {2, 4}), Bytes{32}};
  plan.nodes = {{"Relu a", Microseconds(1.5), {}}, {"Relu \"b\"\n<é>", Microseconds(2.25), {0}}};
  plan.variants.push_back(
      {"whole",
       {1},
       {1},
       {},
       {{"whole.onnx", 2, {"x"}, {"y"}, {"cpu"}, {{{1, Microseconds(4)}, {2, Microseconds(3)}}, {}, {{2, kVariation}}}}},
       {0, 0}});
  plan.variants.push_back({"k2",
                           {0.5, 0.5},
                           {0.4, 0.6},
                           Bytes{32},
                           {{"k2-1.onnx",
                             1,
                             {"x"},
                             {"t"},
                             {"cpu"},
                             {{{1, Microseconds(2)}}, {{1, Microseconds(2.5)}}},
                             {{2, {{{1, Microseconds(3)}}, {{1, Microseconds(3.5)}}}}},
                             Provider::openvino,
                             {{{1, Microseconds(2.75)}}, {{1, Microseconds(2.875)}}},
                             "one node is left over"},
                            {"k2-2.onnx", 1, {"t"}, {"y"}, {"cpu"}, {{{1, Microseconds(3)}}, {}}}},
                           {0, 1},
                           "metis",
                           1.0625,
                           7});
  plan.prediction = {Milliseconds(20.1),
                     {480.5, {{"whole", {"cpu x1"}, 1, 400.25}, {"k2", {"cpu x1", "cpu x2"}, 4, 80.25}}},
                     {},
                     {{"whole", "1,1", Milliseconds(4.1), 487.5, 300.125, {{48.75, Milliseconds(4.1), Milliseconds(5.3)}}}},
                     {"times on a GPU"}};
  return plan;
}

std::string refusal(const std::function<void(Json&)>& spoil) {
  Json json = Json::parse(to_json(small_plan()));
  spoil(json);
  Result<Plan> plan = parse_plan(json.dump());
  return plan ? "accepted" : plan.error().message;
}

TEST(PlanJson, ComesBackAsItWas) {
  Result<Plan> plan = parse_plan(to_json(small_plan()));
  ASSERT_TRUE(plan.ok()) << plan.error().message;
  EXPECT_EQ(*plan, small_plan());
}

TEST(PlanJson, AShapeOfUnknownRankComesBack) {
  Plan plan = small_plan();
  plan.signature.outputs[0] = {.name = "y", .type = DataType::int2, .any_shape = true};
  Result<Plan> again = parse_plan(to_json(plan));
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(*again, plan);
}

TEST(PlanJson, UnitsAreInTheNames) {
  const Json json = Json::parse(to_json(small_plan()));
  EXPECT_EQ(json["variants"][1]["segments"][0]["cpu_time"]["alone_us"]["1"], 2.0);
  EXPECT_EQ(json["variants"][1]["cut_bytes"], 32);
}

TEST(PlanJson, RefusesByName) {
  EXPECT_NE(refusal([](Json& j) { j.erase("model_hash"); }).find("model_hash"), std::string::npos);
  EXPECT_NE(refusal([](Json& j) { j["variants"][1]["segments"][0].erase("file"); }).find("/variants/1/segments/0"),
            std::string::npos);
  EXPECT_NE(refusal([](Json& j) { j["shapes"][0][0] = 18446744073709551615U; }).find("dimension 18446744073709551615"),
            std::string::npos);
  EXPECT_NE(refusal([](Json& j) { j["version"] = 99; }).find("version 99"), std::string::npos);
  EXPECT_NE(refusal([](Json& j) { j["format"] = "other"; }).find("not a StarONNX plan"), std::string::npos);
  EXPECT_NE(refusal([](Json& j) { j["nodes"][0]["time_us"] = -1; }).find("time_us"), std::string::npos);
  EXPECT_NE(refusal([](Json& j) { j["nodes"][0]["reads"] = {7}; }).find("reads a node that is not before it"), std::string::npos);
  EXPECT_NE(refusal([](Json& j) { j["variants"][1]["cut_bytes"] = -5; }).find("cut_bytes"), std::string::npos);
  EXPECT_NE(refusal([](Json& j) { j["variants"][1]["segments"][0]["cpu_time"]["alone_us"]["zero"] = 1; }).find("'zero'"),
            std::string::npos);
  const auto with_variation = [](const Json& quantiles) {
    return refusal([&](Json& j) { j["variants"][1]["segments"][0]["cpu_time"]["variation"]["1"] = quantiles; });
  };
  for (const Json& wrong : {Json{0.5, 1, 2}, Json{1, 1, 1, 1, 1, 1, 1, 1, 0.5}, Json(1), Json{"a", 1, 1, 1, 1, 1, 1, 1, 1}})
    EXPECT_NE(with_variation(wrong), "accepted") << wrong;
  EXPECT_NE(with_variation({0.5, 1, 2}).find("variation of width 1 is not 9 ascending numbers"), std::string::npos);
  EXPECT_NE(refusal([](Json& j) { j["variants"][1]["segments"][0]["batched"]["0"] = 1; }).find("'0'"), std::string::npos);
  EXPECT_NE(refusal([](Json& j) { j["variants"][1]["segments"][0]["provider"] = "magic"; }).find("'magic'"), std::string::npos);
  EXPECT_NE(refusal([](Json& j) { j["prediction"]["bound"]["mix"][0]["batch"] = 0; }).find("batch"), std::string::npos);
  EXPECT_NE(refusal([](Json& j) { j["tensors"][0]["type"] = "float99"; }).find("'float99'"), std::string::npos);
  EXPECT_NE(refusal([](Json& j) { j["shapes"] = Json::array(); }).find("'shapes'"), std::string::npos);
}

TEST(PlanJson, RefusesSegmentsThatDoNotFitTogether) {
  EXPECT_NE(
      refusal([](Json& j) { std::swap(j["variants"][1]["segments"][0], j["variants"][1]["segments"][1]); }).find("reads 't'"),
      std::string::npos);
  EXPECT_NE(refusal([](Json& j) { j["variants"][1]["segments"][1]["outputs"] = Json::array(); }).find("does not give output 'y'"),
            std::string::npos);
  EXPECT_NE(refusal([](Json& j) {
              j["variants"][1]["segments"][1]["outputs"] = {"y", "t"};
            }).find("a second time"),
            std::string::npos);
  EXPECT_NE(refusal([](Json& j) { j["variants"][1]["node_segment"] = {0, 2}; }).find("node_segment"), std::string::npos);
  EXPECT_NE(refusal([](Json& j) { j["variants"][1]["name"] = "whole"; }).find("two variants"), std::string::npos);
  EXPECT_NE(refusal([](Json& j) { j["variants"].erase(0); }).find("first variant"), std::string::npos);
}

TEST(PlanJson, RefusesFilesOutsideTheDirectory) {
  for (const char* file : {"../evil.onnx", "/evil.onnx", "..", "", "a/b.onnx"}) {
    EXPECT_NE(
        refusal([&](Json& j) { j["variants"][1]["segments"][0]["file"] = file; }).find("not a file of the plan's directory"),
        std::string::npos)
        << file;
  }
}

TEST(PlanJson, RefusesTextThatIsNoJson) {
  for (const char* text : {"", "{", "[]", "null", "{\"format\": 3}", "\xff\xfe"}) EXPECT_FALSE(parse_plan(text).ok()) << text;
}

TEST(LoadPlan, NamesTheFile) {
  TemporaryDirectory directory = *TemporaryDirectory::create();
  Result<Plan> missing = load_plan(directory.path());
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, ErrorCode::not_found);
  EXPECT_NE(missing.error().message.find("staronnx plan"), std::string::npos);

  ASSERT_TRUE(write_file(directory.path() / "plan.json", "{}").ok());
  Result<Plan> broken = load_plan(directory.path());
  ASSERT_FALSE(broken.ok());
  EXPECT_NE(broken.error().message.find((directory.path() / "plan.json").string()), std::string::npos);
}

}  // namespace
}  // namespace staronnx
