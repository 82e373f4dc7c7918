#include "staronnx/serve/ensemble_graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "staronnx/serve/proto/model_config.pb.h"

namespace staronnx {
namespace {

using testing::ElementsAre;

// Steps as they are written here: model, then "input=tensor" and "output=tensor".
struct WrittenStep {
  std::string model;
  std::map<std::string, std::string> inputs, outputs;
};

std::string text_of(const WrittenStep& step) {
  std::string text = "step { model_name: '" + step.model + "'";
  for (const auto& [name, tensor] : step.inputs) text += " input_map { key: '" + name + "' value: '" + tensor + "' }";
  for (const auto& [name, tensor] : step.outputs) text += " output_map { key: '" + name + "' value: '" + tensor + "' }";
  return text + " }";
}

// With an input "x" and an output "y", both FP32 of `dims`.
ModelConfig ensemble_of(const std::vector<WrittenStep>& steps, const std::string& dims = "[16]", int max_batch_size = 0) {
  std::string text = "max_batch_size: " + std::to_string(max_batch_size);
  for (const std::string tensor : {"input { name: 'x'", "output { name: 'y'"})
    text += " " + tensor + " data_type: TYPE_FP32 dims: " + dims + " }";
  text += " ensemble_scheduling {";
  for (const WrittenStep& step : steps) text += " " + text_of(step);
  Result<ModelConfig> config = ModelConfig::parse(text + " }", "config.pbtxt", "e");
  EXPECT_TRUE(config.ok()) << config.error().message;
  return *std::move(config);
}

struct Model {
  std::string name;
  Signature signature;
  std::int64_t max_batch_size = 0;
};

Model model_of(const std::string& name, const Shape& in, const Shape& out, std::int64_t max_batch_size = 0,
               DataType type = DataType::float32) {
  return {name,
          {{{"in", type, in, std::vector<std::string>(in.size())}},
           {{"out", DataType::float32, out, std::vector<std::string>(out.size())}}},
          max_batch_size};
}

// "" when all fits.
std::string misfit(const ModelConfig& ensemble, const std::vector<Model>& models) {
  std::vector<ExpectedRequest> expected;
  for (const Model& model : models) expected.push_back({model.name, model.signature, model.max_batch_size});
  const std::string name = "e";
  const Signature own = signature_of(ensemble.message());
  const Status fits = check_models(graph_of(ensemble.message()), {name, own, ensemble.message().max_batch_size()}, expected);
  return fits ? "" : fits.error().message;
}

const std::vector<WrittenStep> one_step{{"m", {{"in", "x"}}, {{"out", "y"}}}};
const std::vector<WrittenStep> two_steps{{"m", {{"in", "x"}}, {{"out", "t"}}}, {"n", {{"in", "t"}}, {{"out", "y"}}}};

TEST(EnsembleGraph, StepsComeAfterWhatTheyRead) {
  const EnsembleGraph graph = graph_of(ensemble_of({{"last", {{"a", "l"}, {"b", "r"}}, {{"out", "y"}}},
                                                    {"right", {{"in", "t"}}, {{"out", "r"}}},
                                                    {"left", {{"in", "t"}}, {{"out", "l"}}},
                                                    {"first", {{"in", "x"}}, {{"out", "t"}}}})
                                           .message());
  std::vector<std::string> order;
  for (const EnsembleGraph::Step& step : graph.steps) order.push_back(step.model);
  EXPECT_THAT(order, ElementsAre("first", "right", "left", "last"));
  EXPECT_EQ(called(graph.steps[0]), "ensemble_scheduling.step[3]");
  EXPECT_EQ(graph.tensors[0], "x");
  EXPECT_EQ(graph.tensors[graph.outputs.at(0)], "y");
}

TEST(EnsembleGraph, ModelsFit) {
  EXPECT_EQ(misfit(ensemble_of(one_step), {model_of("m", {16}, {16})}), "");
  EXPECT_EQ(misfit(ensemble_of(one_step), {model_of("m", {-1}, {-1})}), "");
  EXPECT_EQ(misfit(ensemble_of(two_steps), {model_of("m", {16}, {3, -1}), model_of("n", {-1, 8}, {16})}), "");
}

// One has batches, the other has not: they agree with the batch before the dims, or without it.
TEST(EnsembleGraph, ModelsMayDifferInBatches) {
  EXPECT_EQ(misfit(ensemble_of(one_step, "[16]", 8), {model_of("m", {-1, 16}, {-1, 16}, 8)}), "");
  EXPECT_EQ(misfit(ensemble_of(one_step, "[16]", 8), {model_of("m", {-1, 16}, {-1, 16})}), "");
  EXPECT_EQ(misfit(ensemble_of(one_step, "[16]", 8), {model_of("m", {16}, {16})}), "");
  EXPECT_EQ(misfit(ensemble_of(one_step, "[16]"), {model_of("m", {-1, 16}, {-1, 16}, 4)}), "");
  EXPECT_EQ(misfit(ensemble_of(one_step, "[-1, 16]"), {model_of("m", {-1, 16}, {-1, 16}, 4)}), "");
  EXPECT_EQ(misfit(ensemble_of(one_step, "[16]", 8), {model_of("m", {-1, 16}, {-1, 16}, 4)}),
            "max_batch_size is 8, but ensemble_scheduling.step[0] has model 'm', which takes 4 at most; write no more than that");
}

TEST(EnsembleGraph, MisfitsAreNamed) {
  EXPECT_EQ(misfit(ensemble_of({{"m", {{"inn", "x"}}, {{"out", "y"}}}}), {model_of("m", {16}, {16})}),
            "ensemble_scheduling.step[0]: input 'in' of model 'm' is mapped to no tensor; write it in input_map");
  EXPECT_EQ(misfit(ensemble_of({{"m", {{"in", "x"}, {"inn", "x"}}, {{"out", "y"}}}}), {model_of("m", {16}, {16})}),
            "ensemble_scheduling.step[0]: 'inn' is no input of model 'm'; it has 'in'");
  EXPECT_EQ(misfit(ensemble_of({{"m", {{"in", "x"}}, {{"outt", "y"}}}}), {model_of("m", {16}, {16})}),
            "ensemble_scheduling.step[0]: 'outt' is no output of model 'm'; it has 'out'");
  EXPECT_EQ(misfit(ensemble_of(one_step), {model_of("m", {16}, {16}, 0, DataType::int32)}),
            "ensemble_scheduling.step[0]: tensor 'x' is FP32 as input 'x' of model 'e', but INT32 as input 'in' of model 'm'");
  EXPECT_EQ(
      misfit(ensemble_of(two_steps), {model_of("m", {16}, {3, 8}), model_of("n", {3, 9}, {16})}),
      "ensemble_scheduling.step[1]: tensor 't' is [3,8] as output 'out' of model 'm', but [3,9] as input 'in' of model 'n'");
  EXPECT_EQ(misfit(ensemble_of(one_step), {model_of("m", {16}, {17})}),
            "tensor 'y' is [17] as output 'out' of model 'm', but [16] as output 'y' of model 'e'");
}

TEST(EnsembleGraph, OptionalInputsMayBeLeftOut) {
  Model model = model_of("m", {16}, {16});
  model.signature.inputs.push_back({"scale", DataType::float32, {1}, {""}, true});
  EXPECT_EQ(misfit(ensemble_of(one_step), {model}), "");
}

TEST(EnsembleGraph, BatchesOfOneAreAddedAndTaken) {
  const auto wants = [](Shape shape) { return TensorInfo{"t", DataType::float32, std::move(shape)}; };
  EXPECT_THAT(handed_over({16}, wants({16})), ElementsAre(16));
  EXPECT_THAT(handed_over({16}, wants({-1, 16})), ElementsAre(1, 16));
  EXPECT_THAT(handed_over({5, 16}, wants({-1, 16})), ElementsAre(5, 16));
  EXPECT_THAT(handed_over({1, 16}, wants({16})), ElementsAre(16));
  EXPECT_THAT(handed_over({2, 16}, wants({16})), ElementsAre(2, 16)) << "the model says what is wrong with it";
  EXPECT_THAT(handed_over({7}, wants({-1, 16})), ElementsAre(7));
  TensorInfo any = wants({});
  any.any_shape = true;
  EXPECT_THAT(handed_over({1, 2}, any), ElementsAre(1, 2));
}

}  // namespace
}  // namespace staronnx
