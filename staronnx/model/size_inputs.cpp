#include "staronnx/model/size_inputs.h"

#include <map>
#include <vector>

namespace staronnx {

std::span<const std::size_t> size_inputs_of(std::string_view op_type) {
  static const std::map<std::string_view, std::vector<std::size_t>> positions = {
      {"Reshape", {1}},
      {"Expand", {1}},
      {"Slice", {1, 2, 3, 4}},
      {"Tile", {1}},
      {"ConstantOfShape", {0}},
      {"Range", {0, 1, 2}},
      {"Resize", {1, 2, 3}},
      {"Upsample", {1}},
      {"Pad", {1, 3}},
      {"Unsqueeze", {1}},
      {"Squeeze", {1}},
      {"OneHot", {1}},
      {"TopK", {1}},
      {"Split", {1}},
      {"CenterCropPad", {1}},
      {"Col2Im", {1, 2}},
      {"DFT", {1, 2}},
      {"STFT", {1, 3}},
      {"HannWindow", {0}},
      {"HammingWindow", {0}},
      {"BlackmanWindow", {0}},
      {"AffineGrid", {1}},
      {"MaxUnpool", {2}},
      {"MelWeightMatrix", {0, 1}},
      {"ReduceSum", {1}},
      {"ReduceMean", {1}},
      {"ReduceMax", {1}},
      {"ReduceMin", {1}},
      {"ReduceProd", {1}},
      {"ReduceL1", {1}},
      {"ReduceL2", {1}},
      {"ReduceLogSum", {1}},
      {"ReduceLogSumExp", {1}},
      {"ReduceSumSquare", {1}},
      {"SplitToSequence", {1}},
  };
  const auto found = positions.find(op_type);
  if (found == positions.end()) return {};
  return found->second;
}

}  // namespace staronnx
