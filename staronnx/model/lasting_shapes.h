// What of a measured shape holds for every request.
//
// A shape measured in one run may be due to that run: to the size of a dynamic input, or to the data (NonZero). Each tensor's
// operators tell how far its shape is the same in all runs.
#pragma once

#include <map>
#include <string>

#include "staronnx/model/model.h"

namespace staronnx {

// In ascending order of knowledge.
enum class Lasting { nothing, rank, shape };

// For each tensor of the top-level graph.
std::map<std::string, Lasting, std::less<>> lasting_shapes(const Model& model);

}  // namespace staronnx
