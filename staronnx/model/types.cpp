#include "staronnx/model/types.h"

#include <algorithm>
#include <array>
#include <utility>

#include "staronnx/model/bodies.h"

namespace staronnx {
namespace {

bool is_one_of(std::string_view name, std::span<const std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

constexpr std::array<std::string_view, 8> makers = {"SequenceConstruct", "SequenceEmpty",   "SequenceInsert", "SequenceErase",
                                                    "SequenceMap",       "SplitToSequence", "Optional",       "ZipMap"};
constexpr std::array<std::string_view, 2> passers = {"Identity", "OptionalGetElement"};

// Names are unique over a graph and its bodies (ONNX demands it), so one set serves all of them.
class NonTensors {
 public:
  explicit NonTensors(const onnx::ModelProto& model) {
    for (const onnx::FunctionProto& function : model.functions()) functions_.insert({function.domain(), function.name()});
    visit(model.graph());
  }

  NameSet take() { return std::move(names_); }

 private:
  void visit(const onnx::GraphProto& graph) {
    for (const auto& values : {graph.input(), graph.value_info(), graph.output()}) {
      for (const onnx::ValueInfoProto& value : values) declare(value);
    }
    for (const onnx::NodeProto& node : graph.node()) visit(node);
  }

  void declare(const onnx::ValueInfoProto& value) {
    if (!value.has_type() || value.type().value_case() == onnx::TypeProto::VALUE_NOT_SET) return;
    if (is_tensor_or_unsaid(value)) {
      tensors_.insert(value.name());
      names_.erase(value.name());
    } else {
      names_.insert(value.name());
    }
  }

  void visit(const onnx::NodeProto& node) {
    const bool is_loop = node.op_type() == "Loop";
    for_each_body(node, [&](const onnx::GraphProto& body) {
      for (int i = 2; is_loop && i < std::min(body.input_size(), node.input_size()); ++i)
        pass(node.input(i), body.input(i).name());
      visit(body);
      const int skipped = is_loop ? 1 : 0;  // the first result of a Loop's body is its condition
      for (int i = skipped; i < body.output_size() && i - skipped < node.output_size(); ++i) {
        pass(body.output(i).name(), node.output(i - skipped));
      }
    });
    if (is_one_of(node.op_type(), passers) && node.input_size() > 0 && node.output_size() > 0)
      pass(node.input(0), node.output(0));
    if (is_one_of(node.op_type(), makers) || functions_.contains({node.domain(), node.op_type()})) {
      for (const std::string& output : node.output()) add(output);
    }
  }

  void pass(const std::string& from, const std::string& to) {
    if (names_.contains(from)) add(to);
  }

  void add(const std::string& name) {
    if (!tensors_.contains(name)) names_.insert(name);
  }

  std::set<std::pair<std::string, std::string>> functions_;
  NameSet tensors_;  // declared to be tensors
  NameSet names_;
};

}  // namespace

bool is_tensor_or_unsaid(const onnx::ValueInfoProto& value) {
  const onnx::TypeProto::ValueCase kind = value.type().value_case();
  return kind == onnx::TypeProto::kTensorType || kind == onnx::TypeProto::VALUE_NOT_SET;
}

TensorInfo info_of(const onnx::ValueInfoProto& value) {
  const onnx::TypeProto::Tensor& type = value.type().tensor_type();
  TensorInfo info{value.name(), static_cast<DataType>(type.elem_type()), {}, {}, false, !type.has_shape()};
  for (const onnx::TensorShapeProto::Dimension& dimension : type.shape().dim()) {
    info.shape.push_back(dimension.has_dim_value() ? std::max<std::int64_t>(dimension.dim_value(), -1) : -1);
    info.dimension_names.push_back(dimension.dim_param());
  }
  return info;
}

onnx::ValueInfoProto value_info_of(const TensorInfo& info) {
  onnx::ValueInfoProto value;
  value.set_name(info.name);
  onnx::TypeProto::Tensor& type = *value.mutable_type()->mutable_tensor_type();
  type.set_elem_type(static_cast<std::int32_t>(info.type));
  if (info.any_shape) return value;
  onnx::TensorShapeProto& shape = *type.mutable_shape();
  for (std::size_t i = 0; i < info.shape.size(); ++i) {
    onnx::TensorShapeProto::Dimension& dimension = *shape.add_dim();
    if (info.shape[i] >= 0) {
      dimension.set_dim_value(info.shape[i]);
    } else if (!info.dimension_names[i].empty()) {
      dimension.set_dim_param(info.dimension_names[i]);
    }
  }
  return value;
}

NameSet non_tensors_of(const onnx::ModelProto& model) {
  return NonTensors(model).take();
}

}  // namespace staronnx
