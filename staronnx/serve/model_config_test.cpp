#include "staronnx/serve/model_config.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <functional>

#include "staronnx/base/temporary_directory.h"
#include "staronnx/base/write_file.h"
#include "staronnx/serve/config_support.h"

namespace staronnx {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

Result<ModelConfig> parsed(const std::string& text) {
  return ModelConfig::parse(text, "config.pbtxt", "m");
}

const Signature image_model{
    {{"image", DataType::float32, {-1, 3, 8, 8}, {"batch", "", "", ""}}, {"scale", DataType::float32, {1}, {""}, true}},
    {{"class", DataType::int64, {-1}, {"batch"}}, {"score", DataType::float32, {-1, 10}, {"batch", ""}}}};

struct Refusal {
  const char* text;
  const char* message;
  ErrorCode code = ErrorCode::invalid_argument;
};

void PrintTo(const Refusal& refusal, std::ostream* out) {
  *out << refusal.message;
}

constexpr ErrorCode unsupported = ErrorCode::unsupported;

class RefusedText : public testing::TestWithParam<Refusal> {};

TEST_P(RefusedText, IsSaidWithPlaceAndRemedy) {
  const Result<ModelConfig> config = parsed(GetParam().text);
  ASSERT_FALSE(config) << "was accepted";
  EXPECT_THAT(config.error().message, StartsWith(GetParam().message));
  EXPECT_EQ(config.error().code, GetParam().code);
}

INSTANTIATE_TEST_SUITE_P(
    Config, RefusedText,
    testing::Values(
        // What is no configuration.
        Refusal{"max_batch_size: 8\nmax_batch_sise: 8",
                "config.pbtxt:2:15: Message type \"inference.ModelConfig\" has no field named \"max_batch_sise\"."},
        Refusal{"max_batch_size: eight", "config.pbtxt:1:17: Expected integer"},
        Refusal{"max_batch_size: 8 max_batch_size: 9",
                "config.pbtxt:1:33: Non-repeated field \"max_batch_size\" is specified multiple times."},
        Refusal{"input [ {", "config.pbtxt:1:10: "},
        Refusal{"max_batch_size: 99999999999", "config.pbtxt:1:17: Integer out of range"},
        Refusal{"input { data_type: TYPE_FP31 }", "config.pbtxt:1:30: Unknown enumeration value of \"TYPE_FP31\""},
        Refusal{"name: \"\\377\"", "config.pbtxt:1:1: name is not valid UTF-8"},
        Refusal{"dynamic_batching {}\nsequence_batching {}",
                "config.pbtxt:2:19: Field \"sequence_batching\" is specified along with field \"dynamic_batching\""},
        // Values.
        Refusal{"\n name: 'other'", "config.pbtxt:2:2: name is 'other', but the model is 'm'; write the same"},
        Refusal{"max_batch_size: -1", "config.pbtxt:1:1: max_batch_size is -1; write 0"},
        Refusal{"input { dims: [1] }", "config.pbtxt:1:1: input[0] has no name"},
        Refusal{"input { name: 'x' dims: [1, 0] }",
                "config.pbtxt:1:19: input[0].dims[1] is 0; write a size of at least 1, or -1"},
        Refusal{"input { name: 'x' dims: -2 }", "config.pbtxt:1:19: input[0].dims[0] is -2"},
        Refusal{"input { name: 'x' }\ninput { name: 'x' }",
                "config.pbtxt:2:9: input[1].name is 'x', as is that of one before it"},
        Refusal{"input { name: 'x' data_type: 77 }", "config.pbtxt:1:19: input[0].data_type is 77, which is none of its values"},
        Refusal{"input { name: 'x' format: FORMAT_NCHW dims: [1, 2] }",
                "config.pbtxt:1:19: input[0].format is for images; write three dims"},
        Refusal{"input { name: 'x' dims: [4, 2] reshape { shape: [7] } }",
                "config.pbtxt:1:32: input[0].reshape does not have as many elements"},
        Refusal{"input { name: 'x' dims: [-1, 2] reshape { shape: [2, -1] } }",
                "config.pbtxt:1:33: input[0].reshape does not have"},
        Refusal{"input { name: 'x' reshape { } }", "config.pbtxt:1:19: input[0].reshape needs dims"},
        Refusal{"output { name: 'y' label_filename: '../labels.txt' }",
                "config.pbtxt:1:20: output[0].label_filename is '../labels.txt'; write the name of a file"},
        Refusal{"output { name: 'y' }\noutput { name: 'y' }", "config.pbtxt:2:10: output[1].name is 'y'"},
        Refusal{"default_model_filename: 'a/b.onnx'",
                "config.pbtxt:1:1: default_model_filename is 'a/b.onnx'; write the name of a file"},
        Refusal{"version_policy { latest { } }",
                "config.pbtxt:1:18: version_policy.latest serves no version; write num_versions"},
        Refusal{"version_policy { specific { } }", "config.pbtxt:1:18: version_policy.specific names no versions"},
        Refusal{"version_policy { specific { versions: [1, -3] } }",
                "config.pbtxt:1:29: version_policy.specific.versions[1] is -3; versions begin with 1"},
        Refusal{"dynamic_batching { priority_levels: 2 default_priority_level: 3 }",
                "config.pbtxt:1:39: dynamic_batching.default_priority_level is 3, but priority_levels is 2"},
        Refusal{"dynamic_batching { priority_levels: 2 }",
                "config.pbtxt:1:20: dynamic_batching.priority_levels is 2; say default_priority_level, too"},
        Refusal{"dynamic_batching { priority_levels: 2 default_priority_level: 1 priority_queue_policy { key: 3 value { } } }",
                "config.pbtxt:1:65: dynamic_batching.priority_queue_policy has a policy for level 3, but priority_levels is 2"},
        Refusal{"max_batch_size: 4 dynamic_batching { preferred_batch_size: [4, 8] }",
                "config.pbtxt:1:38: dynamic_batching.preferred_batch_size[1] is 8; write a size of at least 1, and at most "
                "max_batch_size, which is 4"},
        Refusal{"dynamic_batching { preferred_batch_size: 0 }",
                "config.pbtxt:1:20: dynamic_batching.preferred_batch_size[0] is 0; write a size of at least 1"},
        Refusal{"dynamic_batching { preserve_ordering: true priority_levels: 2 default_priority_level: 1 }",
                "config.pbtxt:1:20: dynamic_batching.preserve_ordering does not go with priority_levels; remove the one"},
        Refusal{"dynamic_batching { preserve_ordering: true default_queue_policy { timeout_action: DELAY } }",
                "config.pbtxt:1:20: dynamic_batching.preserve_ordering does not go with timeout_action DELAY; remove the one"},
        Refusal{"metric_tags { key: 'a-b' value: 'c' }",
                "config.pbtxt:1:1: metric_tags has the key 'a-b', which cannot be a label"},
        Refusal{"metric_tags { key: 'model' value: 'c' }", "config.pbtxt:1:1: metric_tags has the key 'model'"},
        Refusal{"model_warmup { name: 'w' }", "config.pbtxt:1:1: model_warmup[0] has no inputs"},
        Refusal{"model_warmup { batch_size: 2 inputs { key: 'x' value { data_type: TYPE_FP32 zero_data: true } } }",
                "config.pbtxt:1:16: model_warmup[0].batch_size is 2, but max_batch_size is 0"},
        Refusal{"max_batch_size: 2 model_warmup { inputs { key: 'x' value { data_type: TYPE_FP32 zero_data: true } } }",
                "config.pbtxt:1:19: model_warmup[0] has no batch_size"},
        Refusal{"model_warmup { inputs { key: 'x' value { data_type: TYPE_FP32 } } }",
                "config.pbtxt:1:1: model_warmup[0] has an input 'x' without data; write"},
        Refusal{"model_warmup { inputs { key: 'x' value { zero_data: true } } }",
                "config.pbtxt:1:1: model_warmup[0] has an input 'x' without a data_type"},
        Refusal{"model_warmup { inputs { key: 'x' value { data_type: TYPE_FP32 dims: -1 zero_data: true } } }",
                "config.pbtxt:1:1: model_warmup[0] has an input 'x' with a dimension below 0"},
        Refusal{"model_warmup { inputs { key: 'x' value { data_type: TYPE_FP32 input_data_file: '/etc/passwd' } } }",
                "config.pbtxt:1:1: model_warmup[0] has an input 'x' with the file '/etc/passwd'"},
        Refusal{"parameters { key: 'staronnx.shape' value { string_value: 'x:1' } }",
                "config.pbtxt:1:1: parameters 'staronnx.shape': is no parameter of StarONNX's; they are: staronnx.shapes"},
        Refusal{"parameters { key: 'staronnx.shapes' value { string_value: 'x=1' } }",
                "config.pbtxt:1:1: parameters 'staronnx.shapes': "},
        Refusal{"parameters { key: 'staronnx.share' value { string_value: '-1' } }",
                "config.pbtxt:1:1: parameters 'staronnx.share': '-1' is not a share; write a number above 0"}),
    [](const auto& refused) { return "Case" + std::to_string(refused.index); });

INSTANTIATE_TEST_SUITE_P(
    NotDone, RefusedText,
    testing::Values(
        Refusal{"platform: 'tensorrt_plan'",
                "config.pbtxt:1:1: platform is not supported as 'tensorrt_plan': models are ONNX files; write 'onnxruntime_onnx'",
                unsupported},
        Refusal{"backend: 'python'", "config.pbtxt:1:1: backend is not supported as 'python': models are ONNX files",
                unsupported},
        Refusal{"runtime: 'libx.so'", "config.pbtxt:1:1: runtime is not supported: ", unsupported},
        Refusal{"input { name: 'x' }\ninput { name: 'y' is_shape_tensor: true }",
                "config.pbtxt:2:19: input[1].is_shape_tensor is not supported: ", unsupported},
        Refusal{"input { name: 'x' allow_ragged_batch: true }",
                "config.pbtxt:1:19: input[0].allow_ragged_batch is not supported: all requests", unsupported},
        Refusal{"output { name: 'x' is_non_linear_format_io: true }",
                "config.pbtxt:1:20: output[0].is_non_linear_format_io is not", unsupported},
        Refusal{"batch_input { kind: BATCH_ELEMENT_COUNT }", "config.pbtxt:1:1: batch_input[0] is not supported", unsupported},
        Refusal{"batch_output { }", "config.pbtxt:1:1: batch_output[0] is not supported", unsupported},
        Refusal{"optimization { graph { level: 1 } }",
                "config.pbtxt:1:24: optimization.graph.level is not supported: StarONNX chooses", unsupported},
        Refusal{"optimization { priority: PRIORITY_MAX }",
                "config.pbtxt:1:16: optimization.priority is not supported: say the model's share", unsupported},
        Refusal{"optimization { execution_accelerators { gpu_execution_accelerator { name: 'tensorrt' } } }",
                "config.pbtxt:1:41: optimization.execution_accelerators.gpu_execution_accelerator[0] is not", unsupported},
        Refusal{"optimization { cuda { graphs: true } }", "config.pbtxt:1:23: optimization.cuda.graphs is not supported",
                unsupported},
        Refusal{"sequence_batching { }", "config.pbtxt:1:1: sequence_batching is not supported: requests are independent",
                unsupported},
        Refusal{"ensemble_scheduling { max_inflight_requests: 2 }",
                "config.pbtxt:1:23: ensemble_scheduling.max_inflight_requests is not supported: every step has one answer",
                unsupported},
        Refusal{
            "ensemble_scheduling { step { model_namespace: 'a' } }",
            "config.pbtxt:1:30: ensemble_scheduling.step[0].model_namespace is not supported: models are found by their names",
            unsupported},
        Refusal{"instance_group [ { }, { kind: KIND_GPU } ]",
                "config.pbtxt:1:25: instance_group[1].kind is not supported as 'KIND_GPU': StarONNX runs every model on all",
                unsupported},
        Refusal{"instance_group { kind: KIND_MODEL }",
                "config.pbtxt:1:18: instance_group[0].kind is not supported as 'KIND_MODEL'", unsupported},
        Refusal{"instance_group { count: 2 }",
                "config.pbtxt:1:18: instance_group[0].count is not supported as '2': segments run on as many", unsupported},
        Refusal{"instance_group { gpus: [0] }", "config.pbtxt:1:18: instance_group[0].gpus[0] is not supported", unsupported},
        Refusal{"instance_group { passive: true }", "config.pbtxt:1:18: instance_group[0].passive is not supported", unsupported},
        Refusal{"instance_group { host_policy: 'h' }", "config.pbtxt:1:18: instance_group[0].host_policy is not supported",
                unsupported},
        Refusal{"instance_group { rate_limiter { priority: 1 } }",
                "config.pbtxt:1:33: instance_group[0].rate_limiter.priority is not supported: say the model's share",
                unsupported},
        Refusal{"cc_model_filenames { key: '7.0' value: 'x' }", "config.pbtxt:1:1: cc_model_filenames[0] is not supported",
                unsupported},
        Refusal{"model_operations { op_library_filename: 'x.so' }",
                "config.pbtxt:1:20: model_operations.op_library_filename[0] is not supported", unsupported},
        Refusal{"model_transaction_policy { decoupled: true }",
                "config.pbtxt:1:28: model_transaction_policy.decoupled is not supported: every request has one answer",
                unsupported},
        Refusal{"model_repository_agents { agents { name: 'checksum' } }",
                "config.pbtxt:1:27: model_repository_agents.agents[0] is not supported", unsupported},
        Refusal{"response_cache { enable: true }",
                "config.pbtxt:1:18: response_cache.enable is not supported: every answer is computed", unsupported},
        Refusal{"model_metrics { metric_control { } }", "config.pbtxt:1:17: model_metrics.metric_control[0] is not supported",
                unsupported},
        Refusal{"parameters { key: 'intra_op_thread_count' value { string_value: '2' } }",
                "config.pbtxt:1:1: parameters 'intra_op_thread_count' is not supported: StarONNX sets up ONNX Runtime",
                unsupported}),
    [](const auto& refused) { return "Case" + std::to_string(refused.index); });

// What means nothing else than what StarONNX does.
TEST(ModelConfig, AcceptsWhatItDoes) {
  for (const char* text :
       {"",
        "# nothing\n",
        "name: 'm' platform: 'onnxruntime_onnx'",
        "backend: 'onnxruntime' max_batch_size: 8",
        "version_policy { all { } }",
        "version_policy { latest { num_versions: 2 } }",
        "version_policy { specific { versions: [1, 3] } }",
        "input [ { name: 'x' data_type: TYPE_FP32 dims: [ -1, 16 ] optional: true } ]",
        "input { name: 'x' data_type: TYPE_BF16 dims: [1] reshape { shape: [] } }",
        "input { name: 'x' format: FORMAT_NCHW dims: [3, 224, 224] }",
        "output { name: 'y' label_filename: 'labels.txt' }",
        "dynamic_batching { }",
        "dynamic_batching { preferred_batch_size: [4, 8] max_queue_delay_microseconds: 100 preserve_ordering: false }",
        "dynamic_batching { priority_levels: 3 default_priority_level: 2 default_queue_policy { timeout_action: REJECT "
        "default_timeout_microseconds: 5000 allow_timeout_override: true max_queue_size: 64 } }",
        "dynamic_batching { preserve_ordering: true }",
        "dynamic_batching { default_queue_policy { timeout_action: DELAY } }",
        "dynamic_batching { priority_levels: 2 default_priority_level: 1 priority_queue_policy { key: 2 value { max_queue_size: "
        "1 } } }",
        "instance_group { }",
        "instance_group [ { kind: KIND_CPU count: 1 name: 'g' } ]",
        "optimization { }",
        "response_cache { enable: false }",
        "model_transaction_policy { }",
        "default_model_filename: 'm.onnx'",
        "metric_tags { key: 'team' value: 'vision' }",
        "parameters { key: 'author' value { string_value: 'A.' } }",
        "parameters { key: 'staronnx.shapes' value { string_value: 'x:1x8  y:2' } }",
        "model_warmup { name: 'w' count: 2 inputs { key: 'x' value { data_type: TYPE_FP32 dims: [2, 2] random_data: true } } "
        "}"}) {
    const Result<ModelConfig> config = parsed(text);
    EXPECT_TRUE(config.ok()) << text << ": " << (config ? "" : config.error().message);
  }
}

// Every field of the protocol has a rule, so that none is ignored.
TEST(ModelConfig, EveryFieldHasARule) {
  const std::function<void(const google::protobuf::Descriptor&, const std::string&)> visit = [&](const auto& type,
                                                                                                 const std::string& name) {
    for (int i = 0; i < type.field_count(); ++i) {
      const auto& field = *type.field(i);
      const std::string path = name + field.name();
      if (rule_for(path) == nullptr && field.message_type() != nullptr) {
        visit(*field.message_type(), path + '.');
      } else {
        EXPECT_NE(rule_for(path), nullptr) << path;
      }
    }
  };
  visit(*inference::ModelConfig::descriptor(), "");
}

TEST(ModelConfig, OfNothingIsTheModels) {
  const Result<ModelConfig> config = ModelConfig("m").completed(image_model);
  ASSERT_TRUE(config.ok()) << config.error().message;
  const inference::ModelConfig& message = config->message();
  EXPECT_EQ(message.name(), "m");
  EXPECT_EQ(message.platform(), "onnxruntime_onnx");
  EXPECT_EQ(message.max_batch_size(), 0);
  ASSERT_EQ(message.input_size(), 1);  // not the optional one
  EXPECT_EQ(message.input(0).name(), "image");
  EXPECT_EQ(message.input(0).data_type(), inference::TYPE_FP32);
  EXPECT_THAT(message.input(0).dims(), ElementsAre(-1, 3, 8, 8));
  ASSERT_EQ(message.output_size(), 2);
  EXPECT_THAT(message.output(0).dims(), ElementsAre(-1));
  EXPECT_EQ(message.output(1).data_type(), inference::TYPE_FP32);
  EXPECT_EQ(message.version_policy().latest().num_versions(), 1U);
  EXPECT_EQ(message.default_model_filename(), "model.onnx");
}

TEST(ModelConfig, OfSomeFieldsIsCompleted) {
  const Result<ModelConfig> config =
      parsed("max_batch_size: 4 input { name: 'scale' } output { name: 'score' dims: [-1] reshape { shape: [10] } }");
  ASSERT_FALSE(config);  // any number of elements does not fit 10
  const Result<ModelConfig> narrow = parsed("max_batch_size: 4 output { name: 'score' dims: [2, 5] reshape { shape: [10] } }");
  ASSERT_TRUE(narrow.ok()) << narrow.error().message;
  const Result<ModelConfig> completed = narrow->completed(image_model);
  ASSERT_TRUE(completed.ok()) << completed.error().message;
  EXPECT_THAT(completed->message().input(0).dims(), ElementsAre(3, 8, 8));  // the batch is not among them
  ASSERT_EQ(completed->message().output_size(), 1);                         // only what is listed is served
  EXPECT_THAT(completed->message().output(0).dims(), ElementsAre(2, 5));
  EXPECT_EQ(completed->message().output(0).data_type(), inference::TYPE_FP32);
}

struct Contradiction {
  const char* text;
  const char* message;
};

void PrintTo(const Contradiction& contradiction, std::ostream* out) {
  *out << contradiction.message;
}

class Contradicting : public testing::TestWithParam<Contradiction> {};

TEST_P(Contradicting, IsSaidWithBothSides) {
  const Result<ModelConfig> config = parsed(GetParam().text);
  ASSERT_TRUE(config.ok()) << config.error().message;
  const Result<ModelConfig> completed = config->completed(image_model);
  ASSERT_FALSE(completed) << "was accepted";
  EXPECT_THAT(completed.error().message, StartsWith(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Config, Contradicting,
    testing::Values(
        Contradiction{"input { name: 'picture' }", "'picture' is no input of the model; it has 'image', 'scale'"},
        Contradiction{"output { name: 'image' }", "'image' is no output of the model; it has 'class', 'score'"},
        Contradiction{"input { name: 'image' data_type: TYPE_FP16 }",
                      "input 'image' has data_type TYPE_FP16, but in the model it is TYPE_FP32; write that"},
        Contradiction{"input { name: 'image' dims: [1, 3, 8] }",
                      "input 'image' has shape [1,3,8] by the configuration, but [-1,3,8,8] in the model"},
        Contradiction{"input { name: 'image' dims: [1, 3, 8, 9] }", "input 'image' has shape [1,3,8,9] by the configuration"},
        Contradiction{"input { name: 'image' dims: [1, 3, 8, -1] }", "input 'image' has shape [1,3,8,-1] by the configuration"},
        Contradiction{"max_batch_size: 4 input { name: 'image' dims: [-1, 3, 8, 8] }",
                      "input 'image' has shape [-1,-1,3,8,8], the batch before its dims, by the configuration"},
        Contradiction{
            "max_batch_size: 4 input { name: 'scale' }",
            "max_batch_size is 4, but the first dimension of input 'scale' [1] is fixed in the model; export it dynamic"},
        Contradiction{"input { name: 'image' optional: true }",
                      "input 'image' is optional by the configuration, but the model has no default value for it"}),
    [](const auto& refused) { return "Case" + std::to_string(refused.index); });

TEST(ModelConfig, RefusesTypesWithoutAWord) {
  const Result<ModelConfig> config = ModelConfig("m").completed({{{"z", DataType::complex64, {2}, {""}}}, {}});
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, ErrorCode::unsupported);
  EXPECT_THAT(config.error().message, StartsWith("input 'z' is complex64, which the protocol has no word for"));
}

TEST(ModelConfig, SettingsAreWhatItSays) {
  const Result<TemporaryDirectory> folder = TemporaryDirectory::create();
  ASSERT_TRUE(folder.ok());
  ASSERT_TRUE(write_file(folder->path() / "labels.txt", "cat\r\ndog\n").ok());
  const Result<ModelConfig> config = parsed(
      "max_batch_size: 4 output { name: 'score' label_filename: 'labels.txt' } metric_tags { key: 'team' value: 'vision' } "
      "dynamic_batching { preferred_batch_size: [2, 4] max_queue_delay_microseconds: 300 priority_levels: 3 "
      "default_priority_level: 2 default_queue_policy { default_timeout_microseconds: 5000 max_queue_size: 64 } "
      "priority_queue_policy { key: 3 value { timeout_action: DELAY allow_timeout_override: true } } } "
      "parameters { key: 'staronnx.share' value { string_value: '2.5' } } "
      "parameters { key: 'staronnx.variant' value { string_value: 'k2' } } "
      "parameters { key: 'staronnx.shapes' value { string_value: 'image:1x3x8x8' } }");
  ASSERT_TRUE(config.ok()) << config.error().message;
  const Result<ModelSettings> settings = config->settings(folder->path());
  ASSERT_TRUE(settings.ok()) << settings.error().message;
  EXPECT_EQ(settings->max_batch_size, 4);
  EXPECT_THAT(settings->labels.at("score"), ElementsAre("cat", "dog"));
  EXPECT_EQ(settings->queue.max_queue_size, 64U);
  EXPECT_EQ(settings->queue.default_timeout, Microseconds(5000));
  EXPECT_FALSE(settings->queue.may_change_timeout);
  EXPECT_FALSE(settings->queue.late_goes_last);
  ASSERT_EQ(settings->queues.size(), 1U);
  EXPECT_EQ(settings->queues.at(3).max_queue_size, 1024U);
  EXPECT_TRUE(settings->queues.at(3).may_change_timeout);
  EXPECT_TRUE(settings->queues.at(3).late_goes_last);
  EXPECT_FALSE(settings->in_order);
  EXPECT_EQ(settings->batch_wait, Microseconds(300));
  EXPECT_THAT(settings->preferred_batches, ElementsAre(2U, 4U));
  EXPECT_EQ(settings->priority_levels, 3U);
  EXPECT_EQ(settings->default_priority, 2U);
  EXPECT_EQ(settings->share, 2.5);
  EXPECT_EQ(settings->variant, "k2");
  EXPECT_EQ(settings->metric_tags.at("team"), "vision");
  EXPECT_EQ(config->shapes().at("image"), (Shape{1, 3, 8, 8}));
}

TEST(ModelConfig, MissingLabelsAreNamed) {
  const Result<ModelConfig> config = parsed("output { name: 'score' label_filename: 'labels.txt' }");
  const Result<ModelSettings> settings = config->settings("/nowhere");
  ASSERT_FALSE(settings);
  EXPECT_EQ(settings.error().code, ErrorCode::not_found);
  EXPECT_THAT(settings.error().message, HasSubstr("'/nowhere/labels.txt' cannot be read"));
}

}  // namespace
}  // namespace staronnx
