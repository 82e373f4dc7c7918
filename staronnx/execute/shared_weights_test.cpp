// Sessions of one file share its weights, and each gets the right ones; all sessions share the memory of their runs.
// Beyond a budget, weights leave memory and come back.
#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "staronnx/base/temporary_directory.h"
#include "staronnx/execute/engine.h"
#include "staronnx/execute/testing/onnx_builder.h"

namespace staronnx {
namespace {

// Memory of this process, pages mapped more than once counted by their share. Without libraries: those are shared with other processes,
// which come and go.
long resident_kilobytes() {
  malloc_trim(0);
  std::ifstream mappings("/proc/self/smaps");
  long sum = 0;
  bool is_library = false;
  for (std::string line; std::getline(mappings, line);) {
    if (line.find('-') < line.find(' '))
      is_library = line.find(".so") != std::string::npos;  // "7f12-7f34 r-xp ... /lib/libc.so.6"
    if (!is_library && line.starts_with("Pss:")) sum += std::stol(line.substr(4));
  }
  return sum;
}

std::vector<float> ramp(std::size_t count) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<float>(i % 251) / 1000;
  return values;
}

float first_float(const OutputSlot& output) {
  float value = 0;
  std::memcpy(&value, output.view.data.data(), sizeof value);
  return value;
}

class SharedWeights : public ::testing::Test {
 protected:
  std::filesystem::path write(const onnx::GraphProto& graph) const {
    std::filesystem::path file = folder_.path() / "model.onnx";
    testing::write_model(testing::model_of(graph), file);
    return file;
  }

  static void run(Executor& executor, const std::vector<Tensor>& inputs, OutputSlot& output) {
    std::vector<TensorView> views;
    views.reserve(inputs.size());
    for (const Tensor& input : inputs) views.push_back(input.view());
    const Status ran = executor.run(views, {&output, 1});
    ASSERT_TRUE(ran.ok()) << ran.error().message;
  }

  TemporaryDirectory folder_ = *TemporaryDirectory::create();
  std::unique_ptr<Engine> engine_ = *Engine::create();
};

// Weights that ONNX Runtime reorders for the processor (Conv), and such that it packs when a session is made (MatMul): 54 MB.
onnx::GraphProto convolution_and_product() {
  onnx::GraphProto graph;
  testing::add_input(graph, "x", DataType::float32, {1, 1024, 1, 1});
  testing::add_output(graph, "y", DataType::float32, {1, 4096});
  testing::add_constant(graph, "kernels", {1024, 1024, 3, 3}, ramp(9'437'184));
  testing::add_constant(graph, "matrix", {1024, 4096}, ramp(4'194'304));
  onnx::AttributeProto& pads = *testing::add_node(graph, "Conv", {"x", "kernels"}, {"c"}).add_attribute();
  pads.set_name("pads");
  pads.set_type(onnx::AttributeProto::INTS);
  for (int side = 0; side < 4; ++side) pads.add_ints(1);
  testing::add_node(graph, "Flatten", {"c"}, {"f"});
  testing::add_node(graph, "MatMul", {"f", "matrix"}, {"y"});
  return graph;
}

TEST_F(SharedWeights, ASecondSessionAddsLittleMemory) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers keep freed memory";
#endif
  const Result<Machine> machine = detect_machine();
  ASSERT_TRUE(machine.ok());
  if (machine->cores.size() < 2) GTEST_SKIP() << "needs two cores";
  const std::filesystem::path file = write(convolution_and_product());
  const int first_core = machine->cores[0].os_id;
  const int second_core = machine->cores[1].os_id;
  std::vector<Tensor> inputs;
  inputs.emplace_back(DataType::float32, Shape{1, 1024, 1, 1}, 4096);
  OutputSlot output;
  ASSERT_TRUE(engine_->prepare(file, CoreGroup{{first_core, second_core}, 0}).ok());  // what the first use of the library costs

  const long without = resident_kilobytes();
  const auto one = engine_->prepare(file, CoreGroup{{first_core, second_core}, 0});
  ASSERT_TRUE(one.ok()) << one.error().message;
  run(**one, inputs, output);
  const long with_one = resident_kilobytes();
  const auto two = engine_->prepare(file, CoreGroup{{second_core, first_core}, 0});
  ASSERT_TRUE(two.ok()) << two.error().message;
  run(**two, inputs, output);
  const long with_two = resident_kilobytes();

  EXPECT_NE(*one, *two);
  EXPECT_GT(with_one - without, 50'000) << "the weights are not in memory";
  EXPECT_LT(with_two - without, 1.15 * static_cast<double>(with_one - without));
}

// Tensors of 16 MB between a large input and a small output.
onnx::GraphProto large_between() {
  onnx::GraphProto graph;
  testing::add_input(graph, "x", DataType::float32, {1, 1, 2048, 2048});
  testing::add_output(graph, "y", DataType::float32, {1, 1, 1, 1});
  testing::add_node(graph, "Softplus", {"x"}, {"a"});
  testing::add_node(graph, "Softplus", {"a"}, {"b"});
  testing::add_node(graph, "Add", {"a", "b"}, {"c"});
  testing::add_node(graph, "GlobalMaxPool", {"c"}, {"y"});
  return graph;
}

TEST_F(SharedWeights, SessionsThatRunInTurnShareTheMemoryOfARun) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers keep freed memory";
#endif
  const Result<Machine> machine = detect_machine();
  ASSERT_TRUE(machine.ok());
  if (machine->cores.size() < 2) GTEST_SKIP() << "needs two cores";
  const int first_core = machine->cores[0].os_id, second_core = machine->cores[1].os_id;
  const std::filesystem::path file = write(large_between());
  const auto one = engine_->prepare(file, CoreGroup{{first_core}, 0});
  const auto two = engine_->prepare(file, CoreGroup{{first_core, second_core}, 0});
  ASSERT_TRUE(one.ok() && two.ok());
  std::vector<Tensor> inputs;
  inputs.emplace_back(DataType::float32, Shape{1, 1, 2048, 2048}, 16'777'216);
  OutputSlot output;

  const long without = resident_kilobytes();
  run(**one, inputs, output);
  const long with_one = resident_kilobytes();
  run(**two, inputs, output);
  const long with_two = resident_kilobytes();

  EXPECT_GT(with_one - without, 30'000) << "the tensors are not in memory";
  EXPECT_LT(with_two - without, 1.15 * static_cast<double>(with_one - without));
}

// y = x * (c ? 2 : 3), the factor being the first element of a large constant. Bodies of one node may use one name for two things.
onnx::GraphProto choice(const std::string& then_name, const std::string& else_name) {
  onnx::GraphProto graph;
  testing::add_input(graph, "c", DataType::boolean, {});
  testing::add_input(graph, "x", DataType::float32, {1});
  testing::add_output(graph, "y", DataType::float32, {-1});
  onnx::NodeProto& node = testing::add_node(graph, "If", {"c"}, {"y"});
  for (const auto& [branch, name, factor] : {std::tuple("then_branch", then_name, 2.0F), {"else_branch", else_name, 3.0F}}) {
    onnx::GraphProto& body = testing::add_body(node, branch);
    testing::add_constant(body, name, {1000}, std::vector<float>(1000, factor));
    testing::add_node(body, "Mul", {"x", name}, {std::string(branch) + "_product"});
    testing::add_output(body, std::string(branch) + "_product", DataType::float32, {1000});
  }
  return graph;
}

TEST_F(SharedWeights, EachBodyHasItsOwn) {
  for (const char* else_name : {"other", "factor"}) {
    const auto executor = engine_->prepare(write(choice("factor", else_name)), CoreGroup{{0}, 0});
    ASSERT_TRUE(executor.ok()) << executor.error().message;
    for (bool condition : {true, false}) {
      std::vector<Tensor> inputs;
      inputs.emplace_back(DataType::boolean, Shape{}, 1);
      inputs[0].data()[0] = std::byte{condition};
      inputs.emplace_back(DataType::float32, Shape{1}, sizeof(float));
      const float one = 1;
      std::memcpy(inputs[1].data().data(), &one, sizeof one);
      OutputSlot output;
      run(**executor, inputs, output);
      EXPECT_EQ(first_float(output), condition ? 2 : 3) << else_name;
    }
  }
}

// ONNX Runtime packs the weights of this operator for each session, and refuses to share them packed.
TEST_F(SharedWeights, MayBeOfAnOperatorThatPacksThemForItselfAlone) {
  onnx::GraphProto graph;
  testing::add_input(graph, "x", DataType::uint8, {1, 64, 1, 1});
  testing::add_output(graph, "y", DataType::uint8, {1, 64, 1, 1});
  testing::add_constant(graph, "one", {}, std::vector<float>{1});
  testing::add_byte_constant(graph, "zero", DataType::uint8, {}, 0);
  testing::add_byte_constant(graph, "signed_zero", DataType::int8, {}, 0);
  testing::add_byte_constant(graph, "w", DataType::int8, {64, 64, 1, 1}, 1);
  testing::add_node(graph, "QLinearConv", {"x", "one", "zero", "w", "one", "signed_zero", "one", "zero"}, {"y"});
  const auto executor = engine_->prepare(write(graph), CoreGroup{{0}, 0});
  ASSERT_TRUE(executor.ok()) << executor.error().message;
  std::vector<Tensor> inputs;
  inputs.emplace_back(DataType::uint8, Shape{1, 64, 1, 1}, 64);
  std::ranges::fill(inputs[0].data(), std::byte{2});
  OutputSlot output;
  run(**executor, inputs, output);
  ASSERT_EQ(output.view.data.size(), 64u);
  EXPECT_TRUE(std::ranges::all_of(output.view.data, [](std::byte value) { return value == std::byte{128}; }));
}

// y = x * factor, for 1000 numbers: 4000 bytes of weights.
onnx::GraphProto times(float factor) {
  onnx::GraphProto graph;
  testing::add_input(graph, "x", DataType::float32, {1000});
  testing::add_output(graph, "y", DataType::float32, {1000});
  testing::add_constant(graph, "factors", {1000}, std::vector<float>(1000, factor));
  testing::add_node(graph, "Mul", {"x", "factors"}, {"y"});
  return graph;
}

// An engine that has room for the weights of one such model.
class WeightsWithinABudget : public SharedWeights {
 protected:
  static constexpr Bytes room{5000};

  std::shared_ptr<Executor> executor(float factor) {
    const std::filesystem::path file = folder_.path() / (std::to_string(factor) + ".onnx");
    testing::write_model(testing::model_of(times(factor)), file);
    const auto prepared = budgeted_->prepare(file, CoreGroup{{0}, 0});
    EXPECT_TRUE(prepared.ok()) << prepared.error().message;
    return *prepared;
  }

  // The factor, as a run shows it.
  static float seen(Executor& executor) {
    Tensor x(DataType::float32, {1000}, 4000);
    const float one = 1;
    std::memcpy(x.data().data(), &one, sizeof one);
    const TensorView input = x.view();
    OutputSlot output;
    const Status ran = executor.run({&input, 1}, {&output, 1});
    EXPECT_TRUE(ran.ok()) << ran.error().message;
    return ran ? first_float(output) : 0;
  }

  std::unique_ptr<Engine> budgeted_ = *Engine::create({.weights_budget = room});
};

TEST_F(WeightsWithinABudget, ExecutorsStayValid) {
  const auto two = executor(2), three = executor(3);
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(seen(*two), 2);
    EXPECT_EQ(seen(*three), 3);
    EXPECT_EQ(budgeted_->weights_in_memory(), Bytes{4000});
  }
  EXPECT_EQ(three->signature().inputs[0].name, "x");
}

TEST_F(WeightsWithinABudget, NobodyNoticesAmongMany) {
  const std::vector<std::shared_ptr<Executor>> models{executor(0), executor(1), executor(2)};
  {
    std::vector<std::jthread> callers;
    for (std::size_t first = 0; first < 4; ++first) {
      callers.emplace_back([&models, first] {
        for (std::size_t run = 0; run < 30; ++run) {
          const std::size_t model = (first + run * run) % 3;
          EXPECT_EQ(seen(*models[model]), static_cast<float>(model));
        }
      });
    }
  }
  EXPECT_LE(budgeted_->weights_in_memory(), room);
}

TEST_F(WeightsWithinABudget, AreCountedAsLongAsThereIsAnExecutor) {
  auto two = executor(2);
  two.reset();
  EXPECT_EQ(budgeted_->weights_in_memory(), Bytes{});
}

TEST_F(WeightsWithinABudget, AFailureToPrepareAnewIsARunsFailure) {
  const TemporaryDirectory place = *TemporaryDirectory::create();
  const char* const before = std::getenv("TMPDIR");
  const std::string restored = before == nullptr ? "" : before;
  setenv("TMPDIR", place.path().c_str(), 1);
  const auto two = executor(2);
  before == nullptr ? unsetenv("TMPDIR") : setenv("TMPDIR", restored.c_str(), 1);
  const auto three = executor(3);  // takes the room
  for (const auto& entry : std::filesystem::directory_iterator(place.path()))
    std::filesystem::remove(entry.path() / "model.onnx");
  Tensor x(DataType::float32, {1000}, 4000);
  const TensorView input = x.view();
  OutputSlot output;
  const Status ran = two->run({&input, 1}, {&output, 1});
  ASSERT_FALSE(ran.ok());
  EXPECT_NE(ran.error().message.find("2.000000.onnx"), std::string::npos) << ran.error().message;
  EXPECT_EQ(seen(*three), 3);
}

TEST_F(WeightsWithinABudget, GivenBackTheyTakeNoMemory) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers keep freed memory";
#endif
  const auto two = executor(2);
  EXPECT_EQ(seen(*two), 2);  // what the first use of the library costs
  const long without = resident_kilobytes();
  const auto large = budgeted_->prepare(write(convolution_and_product()), CoreGroup{{0}, 0});
  ASSERT_TRUE(large.ok()) << large.error().message;
  std::vector<Tensor> inputs;
  inputs.emplace_back(DataType::float32, Shape{1, 1024, 1, 1}, 4096);
  OutputSlot output;
  run(**large, inputs, output);
  EXPECT_LT(resident_kilobytes() - without, 5'000);
  run(**large, inputs, output);
}

}  // namespace
}  // namespace staronnx
