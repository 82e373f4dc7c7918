#include "staronnx/graph/label.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace staronnx {
namespace {

// Heaviest first; an operator belongs to the first word that its name contains.
constexpr std::array<std::string_view, 24> by_weight = {"Loop",
                                                        "Scan",
                                                        "If",
                                                        "LSTM",
                                                        "GRU",
                                                        "RNN",
                                                        "Attention",
                                                        "Conv",
                                                        "MatMul",
                                                        "Gemm",
                                                        "Einsum",
                                                        "MoE",
                                                        "Resize",
                                                        "Upsample",
                                                        "Pool",
                                                        "Norm",
                                                        "Softmax",
                                                        "Gelu",
                                                        "Reduce",
                                                        "GridSample",
                                                        "RoiAlign",
                                                        "TopK",
                                                        "NonMaxSuppression",
                                                        "LRN"};

constexpr std::array<std::string_view, 14> bookkeeping = {
    "Shape",     "Size",    "Cast",     "Gather", "Slice",           "Concat",         "Squeeze",
    "Unsqueeze", "Reshape", "Identity", "Expand", "ConstantOfShape", "QuantizeLinear", "DequantizeLinear"};

// Lower is heavier.
std::size_t lightness(const ModelNode& node) {
  const std::string_view type = node.op_type;
  const auto contained = [&](std::string_view word) {
    return word == "If" ? type == word : type.find(word) != std::string_view::npos;
  };
  const auto heavy = std::find_if(by_weight.begin(), by_weight.end(), contained);
  if (heavy != by_weight.end()) return static_cast<std::size_t>(heavy - by_weight.begin());
  const bool is_bookkeeping = std::find(bookkeeping.begin(), bookkeeping.end(), type) != bookkeeping.end();
  return by_weight.size() + (is_bookkeeping ? 1 : 0);
}

}  // namespace

std::string label_of(const Model& model, std::span<const NodeId> members) {
  const auto lighter = [&](NodeId a, NodeId b) {
    return lightness(model.nodes()[index(a)]) < lightness(model.nodes()[index(b)]);
  };
  const ModelNode& node = model.nodes()[index(*std::min_element(members.begin(), members.end(), lighter))];
  return node.name.empty() || node.name == node.op_type ? node.op_type : node.op_type + ' ' + node.name;
}

}  // namespace staronnx
