#include "staronnx/serve/repository_ensembles.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace staronnx {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

// A model of a name, and of the ensembles the models of their steps, one after the other.
RepositoryContent content_of(const std::map<std::string, std::vector<std::string>>& models) {
  RepositoryContent content;
  for (const auto& [name, needed] : models) {
    std::string text;
    for (std::size_t i = 0; i < needed.size(); ++i) {
      text += " step { model_name: '" + needed[i] + "' input_map { key: 'a' value: 't" + std::to_string(i) +
              "' } output_map { key: 'b' value: 't" + std::to_string(i + 1) + "' } }";
    }
    if (!needed.empty()) {
      text = "input { name: 't0' data_type: TYPE_FP32 dims: 1 } output { name: 't" + std::to_string(needed.size()) +
             "' data_type: TYPE_FP32 dims: 1 } ensemble_scheduling {" + text + " }";
    }
    const Result<ModelConfig> config = ModelConfig::parse(text, "config.pbtxt", name);
    EXPECT_TRUE(config.ok()) << config.error().message;
    content.emplace(name, RepositoryModel{"", *config, {}});
  }
  return content;
}

const RepositoryContent nested = content_of({{"a", {"b", "m"}}, {"b", {"n", "gone"}}, {"c", {"m"}}, {"m", {}}, {"n", {}}});

TEST(RepositoryEnsembles, NeededModelsComeFirst) {
  EXPECT_THAT(needed_first(nested), ElementsAre("m", "c", "n", "b", "a"));
  EXPECT_THAT(needed_first(content_of({{"a", {"b"}}, {"b", {"a"}}, {"m", {}}})), ElementsAre("m", "a", "b"))
      << "a circle is last";
}

TEST(RepositoryEnsembles, WhatIsNeededIsFoundThroughOthers) {
  EXPECT_THAT(with_needed(nested, {"a"}), UnorderedElementsAre("a", "b", "gone", "m", "n"));
  EXPECT_THAT(with_needed(nested, {"c", "n"}), UnorderedElementsAre("c", "m", "n"));
  EXPECT_THAT(with_needed(nested, {"x"}), UnorderedElementsAre("x"));
}

TEST(RepositoryEnsembles, DependentsComeBeforeWhatTheyNeed) {
  EXPECT_THAT(with_dependents(nested, "n"), ElementsAre("a", "b", "n"));
  EXPECT_THAT(with_dependents(nested, "m"), ElementsAre("a", "c", "m"));
  EXPECT_THAT(with_dependents(nested, "gone"), ElementsAre("a", "b", "gone"));
  EXPECT_THAT(with_dependents(nested, "c"), ElementsAre("c"));
}

}  // namespace
}  // namespace staronnx
