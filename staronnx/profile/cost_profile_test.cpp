#include "staronnx/profile/cost_profile.h"

#include <fstream>
#include <iterator>
#include <numeric>
#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "staronnx/base/temporary_directory.h"
#include "staronnx/execute/testing/onnx_builder.h"

namespace staronnx {
namespace {

// y = relu(x * w), split = y in two.
onnx::GraphProto small_model() {
  onnx::GraphProto graph;
  testing::add_input(graph, "x", DataType::float32, {-1, 512});
  testing::add_output(graph, "a", DataType::float32, {-1, 256});
  testing::add_output(graph, "b", DataType::float32, {-1, 256});
  testing::add_constant(graph, "w", {512, 512}, std::vector<float>(262'144, 0.5F));
  testing::add_node(graph, "MatMul", {"x", "w"}, {"product"});
  testing::add_node(graph, "Relu", {"product"}, {"y"});
  onnx::NodeProto& split = testing::add_node(graph, "Split", {"y"}, {"a", "b"});
  for (const auto& [name, value] : {std::pair("axis", 1), {"num_outputs", 2}}) {
    onnx::AttributeProto& attribute = *split.add_attribute();
    attribute.set_name(name);
    attribute.set_type(onnx::AttributeProto::INT);
    attribute.set_i(value);
  }
  return graph;
}

class ProfileOf : public ::testing::Test {
 protected:
  ProfileOf() {
    testing::write_model(testing::model_of(small_model()), file_);
    model_ = *Model::load(file_);
  }

  Result<CostProfile> profile(std::int64_t batch, const std::vector<int>& widths = {1}) {
    ProfileRequest request;
    request.model_file = file_;
    request.model = &*model_;
    request.model_hash = "hash";
    request.inputs = random_inputs(model_->signature(), std::vector<Shape>{{batch, 512}}, 1);
    request.widths = widths;
    said_.clear();
    return profile_of(machine_, request, folder_.path() / "cache", [this](const std::string& what, double done) {
      said_.push_back(what);
      done_ = done;
    });
  }

  bool measured() const { return said_.front().starts_with("timing"); }

  std::vector<std::filesystem::path> cache_files() const {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path() / "cache" / "profiles"))
      files.push_back(entry.path());
    return files;
  }

  TemporaryDirectory folder_ = *TemporaryDirectory::create();
  std::filesystem::path file_ = folder_.path() / "model.onnx";
  Machine machine_ = *detect_machine();
  std::optional<Model> model_;
  std::vector<std::string> said_;
  double done_ = 0;
};

TEST_F(ProfileOf, HasATimeForEachNodeAndATypeForEachTensor) {
  const Result<CostProfile> profile = this->profile(3);
  ASSERT_TRUE(profile.ok()) << profile.error().message;
  EXPECT_EQ(profile->model_hash, "hash");
  EXPECT_EQ(profile->machine_id, machine_.id());
  EXPECT_EQ(profile->shapes, (std::vector<Shape>{{3, 512}}));
  ASSERT_EQ(profile->node_time.size(), 1u);
  ASSERT_EQ(profile->node_time[0].size(), 3u);
  const Microseconds sum = std::accumulate(profile->node_time[0].begin(), profile->node_time[0].end(), Microseconds(0));
  EXPECT_GT(sum.count(), 0);
  EXPECT_NEAR(sum.count(), profile->whole[0].count(), 1e-6 * sum.count());
  EXPECT_EQ(profile->bytes_of("product"), Bytes{6144});
  EXPECT_EQ(profile->bytes_of("b"), Bytes{3072});
  EXPECT_EQ(profile->tensors.at("a").shape, (Shape{3, 256}));
  EXPECT_TRUE(measured());
  EXPECT_DOUBLE_EQ(done_, 1);
}

TEST_F(ProfileOf, TheSecondTimeIsFromTheCache) {
  const Result<CostProfile> first = profile(1);
  ASSERT_TRUE(first.ok()) << first.error().message;
  const Result<CostProfile> second = profile(1);
  ASSERT_TRUE(second.ok());
  EXPECT_FALSE(measured());
  EXPECT_EQ(second->node_time, first->node_time);
  EXPECT_EQ(second->tensors, first->tensors);
}

TEST_F(ProfileOf, OtherShapesAreMeasured) {
  ASSERT_TRUE(profile(1).ok());
  ASSERT_TRUE(profile(2).ok());
  EXPECT_TRUE(measured());
  EXPECT_EQ(cache_files().size(), 2u);
}

TEST_F(ProfileOf, ADamagedCacheFileIsMeasuredAgain) {
  ASSERT_TRUE(profile(1).ok());
  ASSERT_EQ(cache_files().size(), 1u);
  std::ofstream(cache_files()[0]) << "{\"format\": 1, \"model_ha";
  ASSERT_TRUE(profile(1).ok());
  EXPECT_TRUE(measured());
  ASSERT_TRUE(profile(1).ok());
  EXPECT_FALSE(measured());
}

TEST_F(ProfileOf, EachWidthHasARow) {
  if (machine_.cores.size() < 2) GTEST_SKIP() << "needs two cores";
  const Result<CostProfile> profile = this->profile(1, {1, 2});
  ASSERT_TRUE(profile.ok()) << profile.error().message;
  EXPECT_EQ(profile->node_time.size(), 2u);
  EXPECT_EQ(profile->whole.size(), 2u);
}

TEST_F(ProfileOf, MoreCoresThanTheMachineHasAreRefused) {
  EXPECT_FALSE(profile(1, {1, 100'000}).ok());
}

TEST_F(ProfileOf, ACacheThatCannotBeWrittenIsNamed) {
  std::ofstream(folder_.path() / "cache") << "a file where the folder should be";
  const Result<CostProfile> refused = profile(1);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, ::testing::HasSubstr((folder_.path() / "cache").string()));
}

TEST(CacheDirectory, IsOurs) {
  EXPECT_EQ(default_cache_directory().filename(), "staronnx");
}

}  // namespace
}  // namespace staronnx
