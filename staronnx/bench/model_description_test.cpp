#include "staronnx/bench/model_description.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace staronnx {
namespace {

using testing::HasSubstr;

const std::string kMetadata =
    R"({"name": "m", "inputs": [{"name": "a", "datatype": "FP32", "shape": [-1, 4]}, {"name": "b", "datatype": "BYTES", "shape": []}],
        "outputs": [{"name": "c", "datatype": "INT64", "shape": [2]}]})";
const std::string kStatistics =
    R"({"model_stats": [
         {"name": "m", "version": "1", "inference_count": 9, "execution_count": 2, "inference_stats": {
            "success": {"count": 3, "ns": 9}, "queue": {"count": 3, "ns": 1000}, "compute_input": {"count": 3, "ns": 2000},
            "compute_infer": {"count": 3, "ns": 3000}, "compute_output": {"count": 3, "ns": 4000}}},
         {"name": "m", "version": "2", "inference_count": 9, "execution_count": 5, "inference_stats": {
            "success": {"count": 7, "ns": 9}, "queue": {"count": 7, "ns": 500}, "compute_input": {"count": 7, "ns": 0},
            "compute_infer": {"count": 7, "ns": 0}, "compute_output": {"count": 7, "ns": 0}}}]})";

TEST(SignatureIn, HasTheTensorsInTheirOrder) {
  const Signature signature = *signature_in(kMetadata);
  ASSERT_EQ(signature.inputs.size(), 2u);
  EXPECT_EQ(signature.inputs[0].name, "a");
  EXPECT_EQ(signature.inputs[0].type, DataType::float32);
  EXPECT_EQ(signature.inputs[0].shape, (Shape{-1, 4}));
  EXPECT_EQ(signature.inputs[1].type, DataType::string);
  EXPECT_EQ(signature.outputs.at(0).name, "c");
}

TEST(SignatureIn, SaysWhatIsWrong) {
  EXPECT_THAT(signature_in("no JSON").error().message, HasSubstr("metadata are not as the protocol says"));
  EXPECT_THAT(signature_in(R"({"inputs": [{"name": "a", "datatype": "FP33", "shape": [1]}], "outputs": []})").error().message,
              HasSubstr("'a' has the unknown datatype 'FP33'"));
}

TEST(StatisticsIn, AddUpVersions) {
  const ServerStatistics statistics = *statistics_in(kStatistics);
  EXPECT_EQ(statistics.requests, 10u);
  EXPECT_EQ(statistics.executions, 7u);
  EXPECT_DOUBLE_EQ(statistics.queue.count(), 1.5);
  EXPECT_DOUBLE_EQ(statistics.compute_output.count(), 4);
}

TEST(ModelDescription, IsReadOrRefusedHoweverItIsDamaged) {
  std::mt19937 random(1);
  for (int i = 0; i < 3'000; ++i) {
    std::string metadata = kMetadata, statistics = kStatistics;
    for (std::string* text : {&metadata, &statistics})
      for (int k = 0; k < 3; ++k) (*text)[random() % text->size()] = static_cast<char>(random() % 128);
    const Result<Signature> signature = signature_in(metadata);
    EXPECT_TRUE(signature.ok() || !signature.error().message.empty());
    const Result<ServerStatistics> counted = statistics_in(statistics);
    EXPECT_TRUE(counted.ok() || !counted.error().message.empty());
  }
}

}  // namespace
}  // namespace staronnx
