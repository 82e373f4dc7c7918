#include "staronnx/model/external_tensors.h"

#include <gmock/gmock.h>

#include <fstream>

#include "onnx/onnx-ml.pb.h"
#include "staronnx/base/temporary_directory.h"
#include "staronnx/model/model_for_test.h"

namespace staronnx {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ExternalTensors : public testing::Test {
 protected:
  // "w" of the graph and "w" of a branch lie in a file; "in_file", of the graph, does not.
  static onnx::ModelProto two_of_one_name() {
    const std::string branch = body_of({.outputs = {{"b"}}, .constants = {"w"}, .nodes = {{"Add", {"x", "w"}, {"b"}}}});
    onnx::ModelProto proto;
    proto.ParseFromString(bytes_of({{.inputs = {{"x"}},
                                     .outputs = {{"y"}},
                                     .constants = {"w", "alone", "in_file"},
                                     .nodes = {{"If", {"x"}, {"y"}, "", "", {branch}}}}}));
    onnx::GraphProto& graph = *proto.mutable_graph();
    lay_out(*graph.mutable_initializer(0), "0");
    lay_out(*graph.mutable_initializer(1), "64");
    lay_out(*graph.mutable_node(0)->mutable_attribute(0)->mutable_g()->mutable_initializer(0), "128");
    return proto;
  }

  static void lay_out(onnx::TensorProto& tensor, const std::string& offset) {
    tensor.set_data_location(onnx::TensorProto::EXTERNAL);
    tensor.clear_float_data();
    for (const auto& [key, value] :
         {std::pair<std::string, std::string>{"location", "w.data"}, {"offset", offset}, {"length", "64"}}) {
      onnx::StringStringEntryProto& entry = *tensor.add_external_data();
      entry.set_key(key);
      entry.set_value(value);
    }
  }

  Result<std::vector<ExternalTensor>> read(const onnx::ModelProto& proto) const {
    const std::filesystem::path file = directory_.path() / "m.onnx";
    std::ofstream(file, std::ios::binary) << proto.SerializeAsString();
    return external_tensors(file);
  }

 private:
  TemporaryDirectory directory_ = *TemporaryDirectory::create();
};

TEST_F(ExternalTensors, AreFoundInBodiesTooWithTheirPlaces) {
  const Result<std::vector<ExternalTensor>> tensors = read(two_of_one_name());
  ASSERT_TRUE(tensors.ok()) << tensors.error().message;
  EXPECT_THAT(*tensors, ElementsAre(ExternalTensor{"w", DataType::float32, {4, 4}, 0, 64, false},
                                    ExternalTensor{"alone", DataType::float32, {4, 4}, 64, 64, true},
                                    ExternalTensor{"w", DataType::float32, {4, 4}, 128, 64, false}));
}

TEST_F(ExternalTensors, RefusePlacesThatAreNoNumbers) {
  for (const char* offset : {"", "-1", "12 ", "0x10", "99999999999999999999"}) {
    onnx::ModelProto proto = two_of_one_name();
    proto.mutable_graph()->mutable_initializer(1)->mutable_external_data(1)->set_value(offset);
    const Result<std::vector<ExternalTensor>> tensors = read(proto);
    ASSERT_FALSE(tensors) << offset;
    EXPECT_THAT(tensors.error().message, HasSubstr("constant 'alone': the offset '" + std::string(offset) + "'"));
  }
}

}  // namespace
}  // namespace staronnx
