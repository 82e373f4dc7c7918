#include "staronnx/execute/prepare_model.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "staronnx/base/temporary_directory.h"
#include "staronnx/execute/engine.h"
#include "staronnx/execute/testing/onnx_builder.h"
#include "staronnx/model/model.h"

namespace staronnx {
namespace {

using ::testing::HasSubstr;

class PrepareModel : public ::testing::Test {
 protected:
  std::filesystem::path write(const onnx::ModelProto& model) const {
    std::filesystem::path file = folder_.path() / "original.onnx";
    testing::write_model(model, file);
    return file;
  }

  Model basic(const std::filesystem::path& original) const {
    const Status written = write_basic_model(original, folder_.path(), "basic.onnx", "weights.data");
    if (!written) throw std::runtime_error(written.error().message);
    const Result<Model> model = Model::load(folder_.path() / "basic.onnx");
    if (!model) throw std::runtime_error(model.error().message);
    return *model;
  }

  // The first element of the only output for an input of `count` ones.
  static float result_for_ones(const std::filesystem::path& file, std::int64_t count) {
    const auto engine = *Engine::create();
    const auto executor = engine->prepare(file, CoreGroup{{0}, 0});
    if (!executor) throw std::runtime_error(executor.error().message);
    const std::vector<float> ones(static_cast<std::size_t>(count), 1);
    const Shape shape{1, count};
    const TensorView input{DataType::float32, shape, std::as_bytes(std::span(ones))};
    OutputSlot output;
    const Status ran = (*executor)->run({&input, 1}, {&output, 1});
    if (!ran) throw std::runtime_error(ran.error().message);
    float first = 0;
    std::memcpy(&first, output.view.data.data(), sizeof first);
    return first;
  }

  TemporaryDirectory folder_ = *TemporaryDirectory::create();
};

onnx::GraphProto product(std::int64_t size) {
  onnx::GraphProto graph;
  testing::add_input(graph, "x", DataType::float32, {1, size});
  testing::add_output(graph, "y", DataType::float32, {1, size});
  testing::add_constant(graph, "w", {size, size}, std::vector<float>(static_cast<std::size_t>(size * size), 2));
  testing::add_node(graph, "MatMul", {"x", "w"}, {"y"});
  return graph;
}

TEST_F(PrepareModel, FoldsConstants) {
  onnx::GraphProto graph = product(4);
  testing::add_node(graph, "Neg", {"w"}, {"v"});
  graph.mutable_node(0)->set_input(1, "v");
  graph.mutable_node()->SwapElements(0, 1);
  const Model model = basic(write(testing::model_of(graph)));
  ASSERT_EQ(model.nodes().size(), 1u);
  EXPECT_EQ(model.nodes()[0].op_type, "MatMul");
  EXPECT_EQ(result_for_ones(folder_.path() / "basic.onnx", 4), -8);
}

TEST_F(PrepareModel, LargeConstantsGoIntoTheirOwnFile) {
  basic(write(testing::model_of(product(64))));
  EXPECT_EQ(std::filesystem::file_size(folder_.path() / "weights.data"), std::uintmax_t{64} * 64 * sizeof(float));
  EXPECT_LT(std::filesystem::file_size(folder_.path() / "basic.onnx"), 2000u);
  EXPECT_EQ(result_for_ones(folder_.path() / "basic.onnx", 64), 128);
}

TEST_F(PrepareModel, WithoutLargeConstantsThereIsNoSuchFile) {
  basic(write(testing::model_of(product(4))));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "weights.data"));
}

TEST_F(PrepareModel, ReadsExternalDataBesideTheOriginal) {
  const Model written = basic(write(testing::model_of(product(64))));
  const Status again = write_basic_model(folder_.path() / "basic.onnx", folder_.path(), "again.onnx", "again.data");
  ASSERT_TRUE(again.ok()) << again.error().message;
  std::filesystem::remove(folder_.path() / "weights.data");
  EXPECT_EQ(result_for_ones(folder_.path() / "again.onnx", 64), 128);
}

TEST_F(PrepareModel, PutsFunctionsInline) {
  onnx::GraphProto graph;
  testing::add_input(graph, "x", DataType::float32, {1, 4});
  testing::add_output(graph, "y", DataType::float32, {1, 4});
  testing::add_node(graph, "Twice", {"x"}, {"y"}).set_domain("local");
  onnx::ModelProto model = testing::model_of(graph);
  onnx::OperatorSetIdProto& local = *model.add_opset_import();
  local.set_domain("local");
  local.set_version(1);
  onnx::FunctionProto& twice = *model.add_functions();
  twice.set_name("Twice");
  twice.set_domain("local");
  twice.add_input("a");
  twice.add_output("b");
  twice.add_opset_import()->set_version(21);
  onnx::NodeProto& add = *twice.add_node();
  add.set_op_type("Add");
  add.add_input("a");
  add.add_input("a");
  add.add_output("b");
  const Model basic_model = basic(write(model));
  ASSERT_EQ(basic_model.nodes().size(), 1u);
  EXPECT_EQ(basic_model.nodes()[0].op_type, "Add");
  EXPECT_EQ(result_for_ones(folder_.path() / "basic.onnx", 4), 2);
}

TEST_F(PrepareModel, IsTiedToNoProcessor) {
  const Model model = basic(testing::light_model("squeezenet"));
  EXPECT_TRUE(std::ranges::all_of(model.nodes(), [](const ModelNode& node) { return node.domain.empty(); }));
}

TEST_F(PrepareModel, AFileThatIsNoModelIsRefusedByName) {
  const std::filesystem::path file = folder_.path() / "notes.onnx";
  std::ofstream(file) << "no model";
  const Status refused = write_basic_model(file, folder_.path(), "basic.onnx", "weights.data");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(refused.error().message, HasSubstr(file.string()));
}

}  // namespace
}  // namespace staronnx
