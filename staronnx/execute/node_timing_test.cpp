#include "staronnx/execute/node_timing.h"

#include <algorithm>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "staronnx/base/temporary_directory.h"
#include "staronnx/execute/prepare_model.h"
#include "staronnx/execute/testing/onnx_builder.h"
#include "staronnx/model/model.h"

namespace staronnx {
namespace {

class NodeTimingTest : public ::testing::Test {
 protected:
  // The model that time_nodes() is made for: simplified, each node with a name of its own.
  Model normal_form(const std::filesystem::path& original) const {
    if (Status written = write_basic_model(original, folder_.path(), "model.onnx", "weights.data"); !written) {
      throw std::runtime_error(written.error().message);
    }
    const Result<Model> model = normalized(*Model::load(folder_.path() / "model.onnx"), Model::load(original)->signature());
    if (!model || !model->save(folder_.path() / "model.onnx")) throw std::runtime_error("cannot normalize");
    return *model;
  }

  Result<ModelTiming> time(const Tensor& input) {
    const TensorView view = input.view();
    return time_nodes(folder_.path() / "model.onnx", CoreGroup{{detect_machine()->cores[0].os_id}, 0}, {&view, 1}, Seconds(0.01),
                      [this](double done) { progress_.push_back(done); });
  }

  TemporaryDirectory folder_ = *TemporaryDirectory::create();
  std::vector<double> progress_;
};

TEST_F(NodeTimingTest, FindsEveryNodeAndItsOutputs) {
  const Model model = normal_form(testing::light_model("squeezenet"));
  const Result<ModelTiming> timing = time(testing::light_input());
  ASSERT_TRUE(timing.ok()) << timing.error().message;
  Microseconds sum{};
  for (const ModelNode& node : model.nodes()) {
    ASSERT_TRUE(timing->by_node.contains(node.name)) << node.name;
    const NodeTiming& found = timing->by_node.at(node.name);
    EXPECT_EQ(found.outputs.size(), node.outputs.size()) << node.name;
    EXPECT_GE(found.time.count(), 0) << node.name;
    sum += found.time;
  }
  EXPECT_EQ(timing->by_node.size(), model.nodes().size());
  EXPECT_GT(timing->whole.count(), 0);
  EXPECT_GT(sum.count(), 0);
  const NodeTiming& last = timing->by_node.at(model.nodes().back().name);
  EXPECT_EQ(last.outputs.at(0).type, DataType::float32);
  EXPECT_EQ(last.outputs.at(0).shape, (Shape{1, 1000, 1, 1}));
}

TEST_F(NodeTimingTest, TellsItsProgress) {
  normal_form(testing::light_model("squeezenet"));
  ASSERT_TRUE(time(testing::light_input()).ok());
  ASSERT_FALSE(progress_.empty());
  EXPECT_TRUE(std::ranges::is_sorted(progress_));
  EXPECT_GE(progress_.front(), 0);
  EXPECT_DOUBLE_EQ(progress_.back(), 1);
}

TEST_F(NodeTimingTest, ALoopIsOneNode) {
  onnx::GraphProto graph;
  testing::add_input(graph, "x", DataType::float32, {4});
  testing::add_output(graph, "y", DataType::float32, {4});
  testing::add_constant(graph, "three", {}, std::vector<std::int64_t>{3});
  onnx::GraphProto& body = testing::add_body(testing::add_node(graph, "Loop", {"three", "", "x"}, {"y"}), "body");
  testing::add_input(body, "i", DataType::int64, {});
  testing::add_input(body, "go", DataType::boolean, {});
  testing::add_input(body, "before", DataType::float32, {4});
  testing::add_node(body, "Identity", {"go"}, {"go_on"});
  testing::add_node(body, "Neg", {"before"}, {"after"});
  testing::add_output(body, "go_on", DataType::boolean, {});
  testing::add_output(body, "after", DataType::float32, {4});
  testing::write_model(testing::model_of(graph), folder_.path() / "model.onnx");

  const Result<ModelTiming> timing = time(Tensor(DataType::float32, {4}, 16));
  ASSERT_TRUE(timing.ok()) << timing.error().message;
  ASSERT_EQ(timing->by_node.size(), 1u);
  EXPECT_EQ(timing->by_node.at("y").outputs.at(0).shape, Shape{4});
}

TEST_F(NodeTimingTest, AModelThatCannotRunIsAnError) {
  onnx::GraphProto graph;
  testing::add_input(graph, "which", DataType::int64, {1});
  testing::add_output(graph, "y", DataType::float32, {1});
  testing::add_constant(graph, "table", {3}, std::vector<float>{1, 2, 3});
  testing::add_node(graph, "Gather", {"table", "which"}, {"y"});
  testing::write_model(testing::model_of(graph), folder_.path() / "model.onnx");
  Tensor outside(DataType::int64, {1}, 8);
  outside.data()[0] = std::byte{7};
  const Result<ModelTiming> timing = time(outside);
  ASSERT_FALSE(timing.ok());
  EXPECT_THAT(timing.error().message, ::testing::HasSubstr("Gather"));
}

}  // namespace
}  // namespace staronnx
