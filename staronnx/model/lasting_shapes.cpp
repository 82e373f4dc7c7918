#include "staronnx/model/lasting_shapes.h"

#include <algorithm>
#include <array>
#include <utility>

#include "staronnx/model/size_inputs.h"

namespace staronnx {
namespace {

constexpr std::array<std::string_view, 6> sized_by_data = {"NonZero",  "NonMaxSuppression", "Unique",
                                                           "Compress", "StringSplit",       "ImageDecoder"};

constexpr std::array<std::string_view, 10> unpredictable = {"If",
                                                            "Loop",
                                                            "Scan",
                                                            "SequenceAt",
                                                            "ConcatFromSequence",
                                                            "SequenceMap",
                                                            "OptionalGetElement",
                                                            "Optional",
                                                            "SequenceConstruct",
                                                            "SplitToSequence"};

template <class Names>
bool contains(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Lasting said_by(const TensorInfo& info) {
  if (info.any_shape) return Lasting::nothing;
  const bool fixed = std::all_of(info.shape.begin(), info.shape.end(), [](std::int64_t dimension) { return dimension >= 0; });
  return fixed ? Lasting::shape : Lasting::rank;
}

class Analysis {
 public:
  explicit Analysis(const Model& model) : model_(model) {
    for (const TensorInfo& input : model.signature().inputs) known_[input.name] = said_by(input);
    for (const ModelNode& node : model.nodes()) {
      const Lasting result = result_of(node);
      for (const std::string& output : node.outputs) known_[output] = std::max(result, said_in_file(output));
    }
  }

  std::map<std::string, Lasting, std::less<>> take() { return std::move(known_); }

 private:
  Lasting said_in_file(const std::string& tensor) const {
    const std::optional<TensorInfo> info = model_.tensor_info(tensor);
    return info ? said_by(*info) : Lasting::nothing;
  }

  Lasting of(const std::string& tensor) const {
    const auto found = known_.find(tensor);
    return found == known_.end() ? Lasting::shape : found->second;  // constants are not listed
  }

  Lasting of_inputs(const ModelNode& node) const {
    Lasting least = Lasting::shape;
    for (const std::string& input : node.inputs) {
      if (!input.empty()) least = std::min(least, of(input));
    }
    return least;
  }

  Lasting result_of(const ModelNode& node) const {
    const Lasting inputs = of_inputs(node);
    if (node.domain == "com.microsoft") return std::min(inputs, Lasting::rank);
    if (!node.domain.empty() || contains(unpredictable, node.op_type)) return Lasting::nothing;
    if (node.op_type == "Size") return Lasting::shape;
    if (node.op_type == "Shape") return inputs == Lasting::nothing ? Lasting::rank : Lasting::shape;
    if (contains(sized_by_data, node.op_type)) return std::min(inputs, Lasting::rank);
    const bool squeezes_ones = node.op_type == "Squeeze" && node.inputs.size() < 2;  // whichever dimensions are 1
    if (squeezes_ones && inputs != Lasting::shape) return Lasting::nothing;
    if (node.op_type == "GatherND" && inputs != Lasting::shape) return Lasting::nothing;  // its rank depends on a dimension
    return result_with_sizes(node, inputs);
  }

  Lasting result_with_sizes(const ModelNode& node, Lasting inputs) const {
    for (std::size_t position : size_inputs_of(node.op_type)) {
      if (position >= node.inputs.size() || node.inputs[position].empty()) continue;
      const std::string& size = node.inputs[position];
      if (model_.is_constant(size)) continue;
      if (of(size) != Lasting::shape) return Lasting::nothing;  // as many dimensions as it has elements
      inputs = std::min(inputs, Lasting::rank);
    }
    return inputs;
  }

  const Model& model_;
  std::map<std::string, Lasting, std::less<>> known_;
};

}  // namespace

std::map<std::string, Lasting, std::less<>> lasting_shapes(const Model& model) {
  return Analysis(model).take();
}

}  // namespace staronnx
