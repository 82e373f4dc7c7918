#include "staronnx/model/repeated_constants.h"

#include <gmock/gmock.h>

#include <fstream>

#include "onnx/onnx-ml.pb.h"
#include "staronnx/base/temporary_directory.h"
#include "staronnx/model/model_for_test.h"

namespace staronnx {
namespace {

TEST(RepeatedConstants, OfABodyTheLastStays) {
  const std::string branch = body_of({.outputs = {{"b"}}, .constants = {"w", "v", "w"}, .nodes = {{"Add", {"v", "w"}, {"b"}}}});
  onnx::ModelProto proto;
  proto.ParseFromString(
      bytes_of({{.inputs = {{"x"}}, .outputs = {{"y"}}, .constants = {"w"}, .nodes = {{"If", {"x"}, {"y"}, "", "", {branch}}}}}));
  onnx::GraphProto& body = *proto.mutable_graph()->mutable_node(0)->mutable_attribute(0)->mutable_g();
  ASSERT_EQ(body.initializer_size(), 3);
  body.mutable_initializer(2)->set_doc_string("the last");

  const TemporaryDirectory directory = *TemporaryDirectory::create();
  const std::filesystem::path file = directory.path() / "m.onnx";
  std::ofstream(file, std::ios::binary) << proto.SerializeAsString();
  ASSERT_TRUE(drop_repeated_constants(file).ok());

  onnx::ModelProto mended;
  std::ifstream stream(file, std::ios::binary);
  ASSERT_TRUE(mended.ParseFromIstream(&stream));
  EXPECT_EQ(mended.graph().initializer_size(), 1);
  const onnx::GraphProto& mended_body = mended.graph().node(0).attribute(0).g();
  ASSERT_EQ(mended_body.initializer_size(), 2);
  EXPECT_EQ(mended_body.initializer(0).name(), "v");
  EXPECT_EQ(mended_body.initializer(1).doc_string(), "the last");
}

}  // namespace
}  // namespace staronnx
