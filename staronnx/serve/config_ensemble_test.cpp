#include "staronnx/serve/config_ensemble.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "staronnx/serve/model_config.h"

namespace staronnx {
namespace {

std::string refusal(const std::string& text) {
  const Result<ModelConfig> config = ModelConfig::parse(text, "config.pbtxt", "e");
  if (config) return "";
  EXPECT_EQ(config.error().code, ErrorCode::invalid_argument);
  return config.error().message;
}

// "a=x b=x -> c=y": a step of model m with inputs a and b and output c.
std::string step(const std::string& wires, const std::string& model = "m") {
  std::istringstream words(wires);
  std::string text = "\n step { model_name: '" + model + "'";
  std::string map = " input_map";
  for (std::string word; words >> word;) {
    const std::size_t at = word.find('=');
    if (at == std::string::npos)
      map = " output_map";
    else
      text += map + " { key: '" + word.substr(0, at) + "' value: '" + word.substr(at + 1) + "' }";
  }
  return text + " }";
}

const std::string tensors =
    "input { name: 'x' data_type: TYPE_FP32 dims: [4] } output { name: 'y' data_type: TYPE_FP32 dims: [4] } ";

// The steps begin in line 2.
std::string with(const std::string& steps) {
  return tensors + "ensemble_scheduling {" + steps + "\n}";
}

TEST(ConfigEnsemble, Accepts) {
  EXPECT_EQ(refusal(with(step("a=x -> b=y"))), "");
  EXPECT_EQ(refusal("platform: 'ensemble' " + with(step("a=x -> b=y"))), "");
  EXPECT_EQ(refusal(with(step("a=t -> b=y") + step("a=x -> b=t"))), "") << "in any order";
  EXPECT_EQ(refusal(with(step("a=x -> b=y c=u") + step("a=u -> b=v") + step("a=v b=x -> c=w") + step("a=w -> b=z") +
                         step("a=y b=z -> c=last")) +
                    " output { name: 'last' data_type: TYPE_FP32 dims: [4] }"),
            "");
  EXPECT_EQ(refusal("metric_tags { key: 'team' value: 'a' } version_policy { all { } } " + with(step("a=x -> b=y"))), "");
}

TEST(ConfigEnsemble, StepsAreComplete) {
  EXPECT_EQ(refusal("ensemble_scheduling { }"), "config.pbtxt:1:1: ensemble_scheduling has no step; write at least one");
  EXPECT_EQ(refusal("platform: 'ensemble'"),
            "config.pbtxt:1:1: platform is 'ensemble', but there is no ensemble_scheduling; write its steps");
  EXPECT_EQ(refusal(with(step("a=x -> b=y", ""))),
            "config.pbtxt:2:2: ensemble_scheduling.step[0] has no model_name; write that of a model in the repository");
  EXPECT_EQ(refusal(with(step("a=x -> b=y", "e"))),
            "config.pbtxt:2:9: ensemble_scheduling.step[0].model_name is the ensemble itself; write another model");
  EXPECT_EQ(refusal(with(step("-> b=y"))),
            "config.pbtxt:2:2: ensemble_scheduling.step[0] has no input_map; map the model's inputs to tensors");
  EXPECT_EQ(refusal(with(step("a=x"))),
            "config.pbtxt:2:2: ensemble_scheduling.step[0] has no output_map; map the model's outputs to tensors");
  EXPECT_EQ(refusal(with("\n step { model_name: 'm' model_version: -2 }")),
            "config.pbtxt:2:25: ensemble_scheduling.step[0].model_version is -2; write a version, or -1 for the latest");
}

TEST(ConfigEnsemble, EveryTensorIsWrittenOnceAndRead) {
  EXPECT_EQ(refusal(with(step("a=x b=q -> c=y"))),
            "config.pbtxt:2:25: ensemble_scheduling.step[0].input_map reads tensor 'q', which no step writes and which is no "
            "input of the ensemble; write one of its tensors");
  EXPECT_EQ(refusal(with(step("a=x -> b=y") + step("a=x -> b=y"))),
            "config.pbtxt:3:59: ensemble_scheduling.step[1].output_map writes tensor 'y', which ensemble_scheduling.step[0] "
            "writes; give one of them another name");
  EXPECT_EQ(
      refusal(with(step("a=x -> b=x"))),
      "config.pbtxt:2:59: ensemble_scheduling.step[0].output_map writes tensor 'x', which is an input of the ensemble; give "
      "one of them another name");
  EXPECT_EQ(refusal("input { name: 'u' data_type: TYPE_FP32 dims: [4] } " + with(step("a=x -> b=y"))),
            "config.pbtxt:1:1: input[0] is tensor 'u', which no step reads; remove it");
  EXPECT_EQ(refusal("output { name: 'z' data_type: TYPE_FP32 dims: [4] } " + with(step("a=x -> b=y"))),
            "config.pbtxt:1:1: output[0] is tensor 'z', which no step writes; write it in an output_map");
  EXPECT_EQ(refusal(with(step("a=x -> b=y c=u"))),
            "config.pbtxt:2:59: ensemble_scheduling.step[0].output_map writes tensor 'u', which no step reads and which is no "
            "output; remove it");
}

TEST(ConfigEnsemble, CirclesAreRefused) {
  EXPECT_EQ(refusal(with(step("a=x b=y -> c=y"))),
            "config.pbtxt:2:2: ensemble_scheduling.step[0] waits for itself: what it reads comes of tensor 'y', which it writes; "
            "break the circle");
  EXPECT_EQ(refusal(with(step("a=x -> b=t") + step("a=w -> b=y") + step("a=t b=w -> c=v") + step("a=v -> b=w"))),
            "config.pbtxt:4:2: ensemble_scheduling.step[2] waits for itself: what it reads comes of tensor 'v', which it writes; "
            "break the circle");
}

TEST(ConfigEnsemble, WhatIsForOtherModelsIsRefused) {
  const std::string ensemble = with(step("a=x -> b=y"));
  const std::string remedy = "is for models that are no ensembles; write it in the configurations of the models of the steps";
  EXPECT_EQ(refusal("platform: 'onnxruntime_onnx' " + ensemble),
            "config.pbtxt:1:1: platform is 'onnxruntime_onnx'; write 'ensemble', or remove ensemble_scheduling");
  EXPECT_EQ(refusal("backend: 'onnxruntime' " + ensemble),
            "config.pbtxt:1:1: backend is for models that are no ensembles; remove the field");
  EXPECT_EQ(refusal("default_model_filename: 'a' " + ensemble),
            "config.pbtxt:1:1: default_model_filename is for models that are no ensembles; remove the field");
  EXPECT_EQ(refusal("instance_group { } " + ensemble), "config.pbtxt:1:1: instance_group " + remedy);
  EXPECT_EQ(refusal("model_warmup { inputs { key: 'x' value { data_type: TYPE_FP32 dims: [4] zero_data: true } } } " + ensemble),
            "config.pbtxt:1:1: model_warmup " + remedy);
  EXPECT_EQ(refusal("parameters { key: 'staronnx.share' value { string_value: '2' } } " + ensemble),
            "config.pbtxt:1:1: parameters 'staronnx.share' " + remedy);
  EXPECT_EQ(refusal("input { name: 'u' } " + ensemble),
            "config.pbtxt:1:1: input[0] has no data_type; an ensemble's must be written, with its dims");
}

}  // namespace
}  // namespace staronnx
