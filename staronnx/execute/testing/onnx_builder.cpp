#include "staronnx/execute/testing/onnx_builder.h"

#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "staronnx/model/tensor_file.h"

namespace staronnx::testing {
namespace {

void describe(onnx::ValueInfoProto& value, const std::string& name, DataType type, const Shape& shape) {
  value.set_name(name);
  onnx::TypeProto::Tensor& tensor = *value.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(static_cast<std::int32_t>(type));
  tensor.mutable_shape();
  for (std::int64_t dimension : shape) {
    onnx::TensorShapeProto::Dimension& added = *tensor.mutable_shape()->add_dim();
    if (dimension < 0) {
      added.set_dim_param("n");
    } else {
      added.set_dim_value(dimension);
    }
  }
}

template <class T>
void add_constant_of(onnx::GraphProto& graph, DataType type, const std::string& name, const Shape& shape,
                     const std::vector<T>& values) {
  onnx::TensorProto& tensor = *graph.add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(static_cast<std::int32_t>(type));
  for (std::int64_t dimension : shape) tensor.add_dims(dimension);
  tensor.set_raw_data(values.data(), values.size() * sizeof(T));
}

}  // namespace

void add_input(onnx::GraphProto& graph, const std::string& name, DataType type, const Shape& shape) {
  describe(*graph.add_input(), name, type, shape);
}

void add_output(onnx::GraphProto& graph, const std::string& name, DataType type, const Shape& shape) {
  describe(*graph.add_output(), name, type, shape);
}

void add_constant(onnx::GraphProto& graph, const std::string& name, const Shape& shape, const std::vector<float>& values) {
  add_constant_of(graph, DataType::float32, name, shape, values);
}

void add_constant(onnx::GraphProto& graph, const std::string& name, const Shape& shape, const std::vector<std::int64_t>& values) {
  add_constant_of(graph, DataType::int64, name, shape, values);
}

void add_byte_constant(onnx::GraphProto& graph, const std::string& name, DataType type, const Shape& shape, char value) {
  add_constant_of(graph, type, name, shape, std::vector<char>(static_cast<std::size_t>(*element_count(shape)), value));
}

onnx::NodeProto& add_node(onnx::GraphProto& graph, const std::string& op, const std::vector<std::string>& inputs,
                          const std::vector<std::string>& outputs) {
  onnx::NodeProto& node = *graph.add_node();
  node.set_name(outputs.front());
  node.set_op_type(op);
  for (const std::string& input : inputs) node.add_input(input);
  for (const std::string& output : outputs) node.add_output(output);
  return node;
}

onnx::GraphProto& add_body(onnx::NodeProto& node, const std::string& name) {
  onnx::AttributeProto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(onnx::AttributeProto::GRAPH);
  attribute.mutable_g()->set_name(name);
  return *attribute.mutable_g();
}

onnx::ModelProto model_of(const onnx::GraphProto& graph) {
  onnx::ModelProto model;
  model.set_ir_version(10);
  model.add_opset_import()->set_version(21);
  *model.mutable_graph() = graph;
  model.mutable_graph()->set_name("test");
  return model;
}

void write_model(const onnx::ModelProto& model, const std::filesystem::path& file) {
  std::ofstream stream(file, std::ios::binary);
  if (!model.SerializeToOstream(&stream)) throw std::runtime_error("cannot write " + file.string());
}

std::filesystem::path light_model(const std::string& name) {
  const char* moved = std::getenv("STARONNX_DEPS_DIR");  // NOLINT(concurrency-mt-unsafe): nobody sets it
  const std::filesystem::path dependencies = moved == nullptr ? STARONNX_DEPS_DIR : moved;
  std::filesystem::path file = dependencies / "onnx/onnx/backend/test/data/light" / ("light_" + name + ".onnx");
  if (!std::filesystem::exists(file)) throw std::runtime_error(file.string() + " is missing; run scripts/setup");
  return file;
}

Tensor light_input() {
  constexpr std::size_t count = 3 * 224 * 224;
  Tensor input(DataType::float32, {1, 3, 224, 224}, count * sizeof(float));
  auto* values = reinterpret_cast<float*>(input.data().data());
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<float>(static_cast<double>(i) / count);
  return input;
}

Tensor light_output(const std::filesystem::path& model) {
  std::filesystem::path file = model;
  Result<Tensor> output = read_tensor(file.replace_filename(model.stem().string() + "_output_0.pb"));
  if (!output) throw std::runtime_error(output.error().message);
  return *std::move(output);
}

}  // namespace staronnx::testing
