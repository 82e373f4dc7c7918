#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "onnx/onnx-ml.pb.h"
#include "staronnx/base/temporary_directory.h"
#include "staronnx/model/model.h"
#include "staronnx/model/model_for_test.h"

namespace staronnx {
namespace {

using testing::HasSubstr;

class Hash : public testing::Test {
 protected:
  std::filesystem::path write(const std::string& name, const std::string& content) const {
    std::ofstream(directory_->path() / name, std::ios::binary) << content;
    return directory_->path() / name;
  }

  // A model whose If has a branch with a weight in the file `location`.
  static std::string model_with_external_weight(const std::string& location) {
    const std::string branch = body_of({.outputs = {{"b"}}, .constants = {"w"}, .nodes = {{"Add", {"x", "w"}, {"b"}}}});
    onnx::ModelProto proto;
    proto.ParseFromString(bytes_of({{.inputs = {{"x"}}, .outputs = {{"y"}}, .nodes = {{"If", {"x"}, {"y"}, "", "", {branch}}}}}));
    onnx::TensorProto& weight =
        *proto.mutable_graph()->mutable_node(0)->mutable_attribute(0)->mutable_g()->mutable_initializer(0);
    weight.set_data_location(onnx::TensorProto::EXTERNAL);
    onnx::StringStringEntryProto& entry = *weight.add_external_data();
    entry.set_key("location");
    entry.set_value(location);
    return proto.SerializeAsString();
  }

 private:
  Result<TemporaryDirectory> directory_ = TemporaryDirectory::create();
};

TEST_F(Hash, IsTheSha256OfTheFile) {
  // ir_version 8, a graph with nothing in it: the bytes 08 08 3a 00, whose SHA-256 is `printf '\x08\x08\x3a\x00' | sha256sum`.
  const Result<std::string> hash = hash_of(write("m.onnx", std::string("\x08\x08\x3a\x00", 4)));
  ASSERT_TRUE(hash.ok()) << hash.error().message;
  EXPECT_EQ(*hash, "52df48736cbdce52053acbe2ccb7d75b16d5b35c9828f3e9d2943223fdf0d2fd");
}

TEST_F(Hash, ChangesWithTheExternalData) {
  const std::filesystem::path model = write("m.onnx", model_with_external_weight("w.data"));
  write("w.data", "one");
  const Result<std::string> one = hash_of(model);
  ASSERT_TRUE(one.ok()) << one.error().message;
  write("w.data", "two");
  EXPECT_NE(*hash_of(model), *one);
  write("w.data", "one");
  EXPECT_EQ(*hash_of(model), *one);
}

TEST_F(Hash, NamesMissingExternalData) {
  const Result<std::string> hash = hash_of(write("m.onnx", model_with_external_weight("w.data")));
  ASSERT_FALSE(hash);
  EXPECT_EQ(hash.error().code, ErrorCode::not_found);
  EXPECT_THAT(hash.error().message, HasSubstr("w.data"));
}

TEST_F(Hash, ReadsNothingOutsideTheModelsFolder) {
  for (const char* location : {"/etc/hostname", "../w.data", "a/../../w.data", ""}) {
    const Result<std::string> hash = hash_of(write("m.onnx", model_with_external_weight(location)));
    ASSERT_FALSE(hash) << location;
    EXPECT_THAT(hash.error().message, HasSubstr("folder")) << location;
  }
}

}  // namespace
}  // namespace staronnx
