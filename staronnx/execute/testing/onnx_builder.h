// Small ONNX models for tests, written with the classes for ONNX's file format.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "onnx/onnx-ml.pb.h"
#include "staronnx/model/tensor.h"

namespace staronnx::testing {

// A dimension of -1 becomes the dynamic dimension "n".
void add_input(onnx::GraphProto& graph, const std::string& name, DataType type, const Shape& shape);
void add_output(onnx::GraphProto& graph, const std::string& name, DataType type, const Shape& shape);

void add_constant(onnx::GraphProto& graph, const std::string& name, const Shape& shape, const std::vector<float>& values);
void add_constant(onnx::GraphProto& graph, const std::string& name, const Shape& shape, const std::vector<std::int64_t>& values);
// Every element has the byte `value`, for types of one byte.
void add_byte_constant(onnx::GraphProto& graph, const std::string& name, DataType type, const Shape& shape, char value);

// A node of ONNX's own operators, named after its first output.
onnx::NodeProto& add_node(onnx::GraphProto& graph, const std::string& op, const std::vector<std::string>& inputs,
                          const std::vector<std::string>& outputs);
// The graph that becomes attribute `name` of a node: a branch or a body.
onnx::GraphProto& add_body(onnx::NodeProto& node, const std::string& name);

onnx::ModelProto model_of(const onnx::GraphProto& graph);
void write_model(const onnx::ModelProto& model, const std::filesystem::path& file);

// The real architecture `name` ("squeezenet") of the ONNX project, out of what scripts/setup installed (another folder where the
// environment says STARONNX_DEPS_DIR), and the output that its authors expect for light_input().
std::filesystem::path light_model(const std::string& name);
Tensor light_input();  // 1x3x224x224, rising from 0 to 1
Tensor light_output(const std::filesystem::path& model);

}  // namespace staronnx::testing
