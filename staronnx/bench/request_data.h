// What requests carry: tensors that fit a model's inputs.
#pragma once

#include <span>
#include <string>

#include "staronnx/base/result.h"
#include "staronnx/bench/system.h"
#include "staronnx/model/signature.h"

namespace staronnx {

// One per input, all bits zero (strings empty), optional ones left out. `shapes` is what concrete_shapes() gives.
std::vector<Tensor> zero_inputs(const Signature& signature, std::span<const Shape> shapes);

// perf_analyzer's format of input data: {"data": [{INPUT: [1, 2, ..], ..}, ..]}, one request for each element; an input may also be {"content": [..],
// "shape": [..]}, and elements may stand in lists of their own (its streams), which go one after the other. Numbers are row-major, nested or
// not. Shapes that are not said are the model's own or else in `given`. Refuses, naming the request and the input: what is no such JSON, inputs
// that are missing or unknown, other numbers of elements than the shape has, elements that the type cannot hold, floats under 32 bits, and
// b64.
Result<Requests> requests_in(const std::string& json, const Signature& signature, const ShapesByName& given);

}  // namespace staronnx
