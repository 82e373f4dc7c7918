// What a model takes and gives, and the shapes a plan is made for.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "staronnx/model/tensor.h"

namespace staronnx {

struct Signature {
  std::vector<TensorInfo> inputs;  // required ones and optional ones, in the model's order
  std::vector<TensorInfo> outputs;

  bool operator==(const Signature&) const = default;
};

using ShapesByName = std::map<std::string, Shape, std::less<>>;

// "input:1x3x224x224" -> {"input", {1,3,224,224}}; "x:" or "x:scalar" is a scalar. The name may contain colons (the last one
// counts).
Result<std::pair<std::string, Shape>> parse_shape(std::string_view text);

// Everywhere below, and wherever requests are made, "one per input" means one per Signature::inputs, in order; an optional input
// that is left to its default value is a default-constructed Tensor (DataType::undefined).

// The shape of every input: the model's own where it is fixed, the given one where it has dynamic dimensions. Fails when a
// required dynamic input was not given (naming all such inputs with their dimensions and showing the --shape to add), when a name
// is not an input, and when a given shape contradicts the model.
Result<std::vector<Shape>> concrete_shapes(const Signature& signature, const ShapesByName& given);

// One per input: tensors that fit `signature` at `shapes`, optional ones left out, the same for the same seed: floats from a
// standard normal distribution (1 for those under 16 bits), integers and booleans 1 (valid as mask, token and index nearly
// everywhere), strings empty. `shapes` is what concrete_shapes() gives.
std::vector<Tensor> random_inputs(const Signature& signature, std::span<const Shape> shapes, unsigned seed);

// Fails, naming the model input, when `inputs` (one per input) do not fit: count, type, rank, fixed dimensions.
Status check_inputs(const Signature& signature, std::span<const TensorView> inputs);

}  // namespace staronnx
