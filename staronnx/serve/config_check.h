// What a model's configuration must say to make sense, whatever the model is.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "staronnx/base/result.h"
#include "staronnx/model/signature.h"
#include "staronnx/serve/config_text.h"

namespace staronnx {

// Only fields that check_supported() lets through are looked at. Errors are invalid_argument and say the place.
Status check_values(const ConfigText& text);

// Whether it is the name of a file in a folder, and not a way out of it.
bool names_file(std::string_view name);

// StarONNX's own parameters, checked.
struct OwnParameters {
  ShapesByName shapes = {};
  double share = 1;
  std::string variant = {};
};

// Fails, naming the parameter, for those beginning "staronnx." that do not exist or cannot be read, and for those that other servers hand on
// to ONNX Runtime (unsupported). Any others are the user's own words, for clients that read the configuration.
Result<OwnParameters> own_parameters(const inference::ModelConfig& config);

}  // namespace staronnx
