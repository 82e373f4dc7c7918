#include "staronnx/serve/warmup.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "staronnx/base/temporary_directory.h"
#include "staronnx/base/write_file.h"

namespace staronnx {
namespace {

using testing::HasSubstr;

Result<std::vector<WarmupSample>> samples(const std::string& text, const std::filesystem::path& folder = {}) {
  const Result<ModelConfig> config = ModelConfig::parse(text, "config.pbtxt", "m");
  EXPECT_TRUE(config.ok()) << config.error().message;
  return warmup_samples(*config, folder);
}

std::string input(const std::string& type, const std::string& data) {
  return "inputs { key: 'x' value { data_type: " + type + " dims: [3] " + data + " } }";
}

TEST(Warmup, MakesZeros) {
  const auto made = samples("max_batch_size: 4 model_warmup { name: 'w' batch_size: 2 count: 5 " +
                            input("TYPE_FP32", "zero_data: true") + " }");
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_EQ(made->at(0).name, "model_warmup[0] 'w'");
  EXPECT_EQ(made->at(0).count, 5u);
  const Tensor& tensor = made->at(0).inputs.at(0).tensor;
  EXPECT_EQ(tensor.shape(), (Shape{2, 3}));
  EXPECT_TRUE(std::ranges::all_of(tensor.data(), [](std::byte byte) { return byte == std::byte{0}; }));
}

TEST(Warmup, StringsAreEmpty) {
  const auto made = samples("model_warmup { " + input("TYPE_STRING", "zero_data: true") + " }");
  EXPECT_EQ(made->at(0).count, 1u);
  EXPECT_EQ(made->at(0).inputs.at(0).tensor.data().size(), 12u);
  EXPECT_TRUE(check_size("x", made->at(0).inputs.at(0).tensor.view()).ok());
}

TEST(Warmup, DrawsAtRandom) {
  const auto made = samples("model_warmup { " + input("TYPE_FP32", "random_data: true") + " }");
  const Tensor& tensor = made->at(0).inputs.at(0).tensor;
  EXPECT_EQ(tensor.shape(), Shape{3});
  EXPECT_TRUE(std::ranges::any_of(tensor.data(), [](std::byte byte) { return byte != std::byte{0}; }));
}

TEST(Warmup, ReadsFiles) {
  const Result<TemporaryDirectory> folder = TemporaryDirectory::create();
  ASSERT_TRUE(folder.ok());
  std::filesystem::create_directory(folder->path() / "warmup");
  ASSERT_TRUE(write_file(folder->path() / "warmup/bytes", "123").ok());
  const auto made = samples("model_warmup { " + input("TYPE_UINT8", "input_data_file: 'bytes'") + " }", folder->path());
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_EQ(made->at(0).inputs.at(0).tensor.data()[2], std::byte{'3'});
  const auto none = samples("model_warmup { " + input("TYPE_UINT8", "input_data_file: 'none'") + " }", folder->path());
  EXPECT_EQ(none.error().code, ErrorCode::not_found);
  EXPECT_THAT(none.error().message, HasSubstr("model_warmup[0] '', input 'x': "));
}

TEST(Warmup, RefusesSizesThatNobodyHas) {
  const auto made = samples(
      "model_warmup { inputs { key: 'x' value { data_type: TYPE_FP32 dims: [1000000, 1000000, 1000000, 1000000] zero_data: true "
      "} } }");
  EXPECT_EQ(made.error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace staronnx
