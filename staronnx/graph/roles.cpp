#include "staronnx/graph/roles.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "staronnx/model/size_inputs.h"

namespace staronnx {
namespace {

// Operators that make small results of small inputs.
const std::set<std::string_view> arithmetic = {"Abs",         "Add",
                                               "And",         "Cast",
                                               "CastLike",    "Ceil",
                                               "Concat",      "Div",
                                               "Equal",       "Flatten",
                                               "Floor",       "Gather",
                                               "Greater",     "GreaterOrEqual",
                                               "Identity",    "Less",
                                               "LessOrEqual", "Max",
                                               "Min",         "Mod",
                                               "Mul",         "Neg",
                                               "Not",         "Or",
                                               "Pow",         "ReduceMax",
                                               "ReduceMin",   "ReduceProd",
                                               "ReduceSum",   "Reshape",
                                               "Round",       "ScatterElements",
                                               "ScatterND",   "Sign",
                                               "Slice",       "Split",
                                               "Sqrt",        "Squeeze",
                                               "Sub",         "Unsqueeze",
                                               "Where"};

// Operators whose result is as large as their inputs say: sizes only when used as sizes.
const std::set<std::string_view> growing = {"ConstantOfShape", "Expand", "Range", "Tile"};

const std::set<std::string_view> activations = {"Celu",      "Clip",  "Elu",   "Gelu",           "HardSigmoid", "HardSwish",
                                                "LeakyRelu", "Mish",  "PRelu", "Relu",           "Selu",        "Sigmoid",
                                                "Softplus",  "Swish", "Tanh",  "ThresholdedRelu"};

bool measures(const ModelNode& node) {
  return node.domain.empty() && (node.op_type == "Shape" || node.op_type == "Size");
}

class Roles {
 public:
  explicit Roles(const Model& model) : model_(model), roles_(model.nodes().size()) {
    for (std::size_t i = 0; i < roles_.size(); ++i) {
      for (const std::string& output : model.nodes()[i].outputs) producer_.emplace(output, i);
    }
    for (const TensorInfo& output : model.signature().outputs) data_.insert(output.name);
    for (std::size_t i = 0; i < roles_.size(); ++i) look_back(i);
    for (std::size_t i = roles_.size(); i-- > 0;) look_ahead(i);
    count_readers();
    for (std::size_t i = 0; i < roles_.size(); ++i) look_at_operator(i);
  }

  std::vector<NodeRole> take() { return std::move(roles_); }

 private:
  // `test` is asked about what is no constant; what bodies read counts.
  template <class Test>
  bool all_inputs(const ModelNode& node, Test test) const {
    const auto passes = [&](const std::string& name) { return name.empty() || model_.is_constant(name) || test(name); };
    return std::all_of(node.inputs.begin(), node.inputs.end(), passes) &&
           std::all_of(node.captured.begin(), node.captured.end(), passes);
  }

  // Judged by the inputs; their producers have been judged.
  void look_back(std::size_t i) {
    const ModelNode& node = model_.nodes()[i];
    const auto role_of_producer = [&](const std::string& name) {
      const auto producer = producer_.find(name);
      return producer == producer_.end() ? NodeRole{} : roles_[producer->second];
    };
    const auto is_model_input = [&](const std::string& name) { return !producer_.contains(name); };
    roles_[i].dataless = all_inputs(node, [&](const std::string& name) {
      return role_of_producer(name).dataless || (measures(node) && is_model_input(name));
    });
    const bool is_arithmetic = node.domain.empty() && arithmetic.contains(node.op_type);
    roles_[i].sizes = measures(node) ||
                      (is_arithmetic && all_inputs(node, [&](const std::string& name) { return role_of_producer(name).sizes; }));
  }

  // Judged by the use of the results; their readers have been judged.
  void look_ahead(std::size_t i) {
    const ModelNode& node = model_.nodes()[i];
    const bool may_be_sizes = node.domain.empty() && (arithmetic.contains(node.op_type) || growing.contains(node.op_type));
    const auto used_as_data = [&](const std::string& name) { return data_.contains(name); };
    if (may_be_sizes && std::none_of(node.outputs.begin(), node.outputs.end(), used_as_data)) roles_[i].sizes = true;
    data_.insert(node.captured.begin(), node.captured.end());
    if (roles_[i].sizes && !measures(node)) return;  // arithmetic on sizes takes sizes
    const std::span<const std::size_t> sizes =
        node.domain.empty() ? size_inputs_of(node.op_type) : std::span<const std::size_t>();
    for (std::size_t position = 0; position < node.inputs.size(); ++position) {
      if (std::find(sizes.begin(), sizes.end(), position) == sizes.end()) data_.insert(node.inputs[position]);
    }
  }

  void count_readers() {
    for (const ModelNode& node : model_.nodes()) {
      for (const std::string& name : node.inputs) ++readers_[name];
      for (const std::string& name : node.captured) ++readers_[name];
    }
    for (const TensorInfo& output : model_.signature().outputs) ++readers_[output.name];
  }

  void look_at_operator(std::size_t i) {
    const ModelNode& node = model_.nodes()[i];
    const bool is_activation = activations.contains(node.op_type) && !node.inputs.empty() && readers_[node.inputs.front()] == 1;
    roles_[i].ends_operator = is_activation || node.op_type == "QuantizeLinear";
    roles_[i].begins_operator = node.op_type == "DequantizeLinear";
  }

  const Model& model_;
  std::vector<NodeRole> roles_;
  std::map<std::string_view, std::size_t> readers_;
  std::map<std::string_view, std::size_t> producer_;
  std::set<std::string_view> data_;  // tensors that some node, or the user, takes as data
};

}  // namespace

std::vector<NodeRole> roles_of(const Model& model) {
  return Roles(model).take();
}

}  // namespace staronnx
