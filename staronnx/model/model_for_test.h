// Small models for tests, said in a few lines.
//
//   ModelForTest model{{.inputs = {{"x", DataType::float32, {1, 4}}}, .outputs = {{"y"}}, .constants = {"w"},
//                       .nodes = {{"MatMul", {"x", "w"}, {"y"}}}}};
//   Result<Model> loaded = model_from(model);
#pragma once

#include <string>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/model/model.h"

namespace staronnx {

struct NodeForTest {
  std::string op_type;
  std::vector<std::string> inputs = {};
  std::vector<std::string> outputs = {};
  std::string name = {};
  std::string domain = {};
  std::vector<std::string> bodies = {};  // as body_of() gives them
};

struct GraphForTest {
  std::vector<TensorInfo> inputs = {};  // as ONNX lists them: of type float32 when no type is said, without shape when any_shape
  std::vector<TensorInfo> outputs = {};
  std::vector<std::string> constants = {};  // initializers: float32, shape 4x4
  std::vector<NodeForTest> nodes = {};
  std::vector<TensorInfo> value_info = {};
};

struct ModelForTest {
  GraphForTest graph;
  int ir_version = 8;
};

// A graph for NodeForTest::bodies.
std::string body_of(const GraphForTest& graph);

// The file.
std::string bytes_of(const ModelForTest& model);

Result<Model> model_from(const ModelForTest& model);

std::vector<std::string> names_of(const std::vector<TensorInfo>& tensors);

}  // namespace staronnx
