#include "staronnx/execute/batching.h"

#include <functional>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "staronnx/base/temporary_directory.h"
#include "staronnx/execute/testing/onnx_builder.h"
#include "staronnx/model/signature.h"
#include "staronnx/model/tensor_for_test.h"

namespace staronnx {
namespace {

using ::testing::HasSubstr;

// Whether requests of shape 1x4 of the model x -> y can be batched.
Status batching_of(const Shape& input, const Shape& output, const std::function<void(onnx::GraphProto&)>& add_nodes) {
  onnx::GraphProto graph;
  testing::add_input(graph, "x", DataType::float32, input);
  testing::add_output(graph, "y", DataType::float32, output);
  add_nodes(graph);
  const TemporaryDirectory folder = *TemporaryDirectory::create();
  testing::write_model(testing::model_of(graph), folder.path() / "m.onnx");
  const auto engine = *Engine::create();
  const auto executor = *engine->prepare_plain(folder.path() / "m.onnx", 1);
  const std::vector<Tensor> inputs{floats({1, 4}, {-1, 2, 3, 5})};
  return check_batching(*executor, inputs);
}

TEST(Batching, StackedTensorsLieOneAfterTheOther) {
  const Tensor a = floats({1, 2}, {1, 2}), b = floats({2, 2}, {3, 4, 5, 6});
  const TensorView views[] = {a.view(), b.view()};
  const Tensor both = stacked(views);
  EXPECT_EQ(both.shape(), (Shape{3, 2}));
  std::vector<float> values(6);
  std::ranges::copy(both.data(), std::as_writable_bytes(std::span(values)).begin());
  EXPECT_EQ(values, (std::vector<float>{1, 2, 3, 4, 5, 6}));
}

TEST(Batching, RequestsThatDoNotTouchOneAnotherCanBeBatched) {
  const Status can =
      batching_of({-1, 4}, {-1, 4}, [](onnx::GraphProto& graph) { testing::add_node(graph, "Relu", {"x"}, {"y"}); });
  EXPECT_TRUE(can.ok()) << can.error().message;
}

TEST(Batching, AFixedDimensionIsNamed) {
  const Status can = batching_of({1, 4}, {1, 4}, [](onnx::GraphProto& graph) { testing::add_node(graph, "Relu", {"x"}, {"y"}); });
  EXPECT_THAT(can.error().message, HasSubstr("dimension 0 of 'x' is fixed at 1"));
}

TEST(Batching, RequestsThatTouchOneAnotherAreFound) {
  // Softmax over the requests instead of over each.
  const Status can = batching_of({-1, 4}, {-1, 4}, [](onnx::GraphProto& graph) {
    onnx::AttributeProto* axis = testing::add_node(graph, "Softmax", {"x"}, {"y"}).add_attribute();
    axis->set_name("axis");
    axis->set_type(onnx::AttributeProto::INT);
    axis->set_i(0);
  });
  EXPECT_THAT(can.error().message, HasSubstr("'y' of a batch is not what its requests give"));
}

TEST(Batching, AnOutputThatHasAnotherDimensionOfRequestsIsFound) {
  const Status can =
      batching_of({-1, 4}, {-1, -1}, [](onnx::GraphProto& graph) { testing::add_node(graph, "Transpose", {"x"}, {"y"}); });
  EXPECT_THAT(can.error().message, HasSubstr("dimension 0 of 'y' does not grow"));
}

TEST(Batching, AModelThatFailsOnTwoRequestsSaysHow) {
  const Status can = batching_of({-1, 4}, {-1, 4}, [](onnx::GraphProto& graph) {
    testing::add_constant(graph, "one", Shape{2}, std::vector<std::int64_t>{1, 4});
    testing::add_node(graph, "Reshape", {"x", "one"}, {"y"});
  });
  EXPECT_THAT(can.error().message, HasSubstr("Reshape"));
}

}  // namespace
}  // namespace staronnx
