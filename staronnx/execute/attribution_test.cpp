#include "staronnx/execute/attribution.h"

#include <vector>

#include <gtest/gtest.h>

namespace staronnx {
namespace {

ModelNode node(const std::string& name, const std::vector<std::string>& inputs, const std::vector<std::string>& outputs) {
  return ModelNode{name, "", "", inputs, {}, outputs};
}

TimeByNode microseconds(const std::map<std::string, double>& counts) {
  TimeByNode times;
  for (const auto& [name, count] : counts) times.emplace(name, count);
  return times;
}

// conv -> relu -> pool
const std::vector<ModelNode> chain = {node("conv", {"x"}, {"c"}), node("relu", {"c"}, {"r"}), node("pool", {"r"}, {"y"})};

TEST(Attribution, NodesThatAreFusedShareTheTime) {
  const std::vector<ModelNode> optimized = {node("fused", {"x"}, {"r"}), node("pool", {"r"}, {"y"})};
  const TimeByNode times = attributed(chain, microseconds({{"conv", 30}, {"relu", 10}, {"pool", 5}}), optimized,
                                      microseconds({{"fused", 20}, {"pool", 4}}));
  EXPECT_EQ(times, microseconds({{"conv", 15}, {"relu", 5}, {"pool", 4}}));
}

TEST(Attribution, ABlockedNodeIsKnownByTheTensorInItsName) {
  for (const char* name : {"r_nchwc", "r_bn_nchwc"}) {
    const std::vector<ModelNode> optimized = {node(name, {"x"}, {"reorder_1"}), node("any", {"reorder_1"}, {"y"})};
    const TimeByNode times =
        attributed(chain, microseconds({{"conv", 10}, {"relu", 0}}), optimized, microseconds({{name, 20}, {"any", 4}}));
    EXPECT_EQ(times, microseconds({{"conv", 20}, {"relu", 0}, {"pool", 4}})) << name;
  }
}

TEST(Attribution, ANodeThatKeptItsNameIsKnownByIt) {
  const std::vector<ModelNode> optimized = {node("conv", {"x"}, {"reorder_1"}), node("relu", {"reorder_1"}, {"reorder_2"}),
                                            node("any", {"reorder_2"}, {"y"})};
  const TimeByNode times = attributed(chain, {}, optimized, microseconds({{"conv", 1}, {"relu", 2}, {"any", 3}}));
  EXPECT_EQ(times, microseconds({{"conv", 1}, {"relu", 2}, {"pool", 3}}));
}

TEST(Attribution, AnInsertedNodeCountsWithItsReader) {
  const std::vector<ModelNode> optimized = {node("reorder", {"x"}, {"reorder_1"}), node("conv", {"reorder_1"}, {"c"}),
                                            node("relu", {"c"}, {"r"}), node("pool", {"r"}, {"y"})};
  const TimeByNode times =
      attributed(chain, {}, optimized, microseconds({{"reorder", 7}, {"conv", 1}, {"relu", 2}, {"pool", 3}}));
  EXPECT_EQ(times, microseconds({{"conv", 8}, {"relu", 2}, {"pool", 3}}));
}

TEST(Attribution, WhatNobodyStandsForHasNoTime) {
  const TimeByNode times = attributed(chain, microseconds({{"conv", 30}, {"relu", 10}, {"pool", 5}}), {}, {});
  EXPECT_EQ(times, microseconds({{"conv", 0}, {"relu", 0}, {"pool", 0}}));
}

}  // namespace
}  // namespace staronnx
