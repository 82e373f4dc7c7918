#include "staronnx/serve/message_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "staronnx/serve/proto/grpc_service.pb.h"

namespace staronnx {
namespace {

using Json = nlohmann::json;

TEST(MessageJson, NamesAndNumbersAreAsClientsReadThem) {
  inference::ModelConfig config;
  config.set_name("m");
  inference::ModelInput& input = *config.add_input();
  input.set_name("x");
  input.set_data_type(inference::TYPE_FP32);
  input.add_dims(-1);
  input.add_dims(1LL << 40);
  config.mutable_dynamic_batching()->mutable_default_queue_policy()->set_default_timeout_microseconds(~0ULL);
  (*config.mutable_parameters())["k"].set_string_value("v");
  const Json json = Json::parse(json_of(config));
  EXPECT_EQ(json["max_batch_size"], 0);  // not set, and there
  EXPECT_EQ(json["input"][0]["data_type"], "TYPE_FP32");
  EXPECT_EQ(json["input"][0]["format"], "FORMAT_NONE");
  EXPECT_EQ(json["input"][0]["dims"], Json({-1, 1LL << 40}));
  EXPECT_EQ(json["dynamic_batching"]["default_queue_policy"]["default_timeout_microseconds"], ~0ULL);
  EXPECT_EQ(json["parameters"], Json({{"k", {{"string_value", "v"}}}}));
  EXPECT_EQ(json["output"], Json::array());
}

TEST(MessageJson, MessagesThatAreNotSetAreNotThere) {
  const Json json = Json::parse(json_of(inference::ModelConfig()));
  for (const char* field : {"sequence_batching", "ensemble_scheduling", "dynamic_batching", "optimization"})
    EXPECT_FALSE(json.contains(field)) << field;
}

TEST(MessageJson, OfAChoiceOnlyTheChosenIsThere) {
  inference::InferParameter parameter;
  parameter.set_int64_param(0);
  EXPECT_EQ(json_of(parameter), R"({"int64_param":0})");
}

TEST(MessageJson, KeysOfMapsAreTextAndSorted) {
  inference::ModelDynamicBatching batching;
  (*batching.mutable_priority_queue_policy())[2].set_max_queue_size(7);
  (*batching.mutable_priority_queue_policy())[1].set_max_queue_size(8);
  const Json json = Json::parse(json_of(batching));
  EXPECT_EQ(json["priority_queue_policy"]["1"]["max_queue_size"], 8);
  EXPECT_EQ(json["priority_queue_policy"]["2"]["timeout_action"], "REJECT");
}

}  // namespace
}  // namespace staronnx
