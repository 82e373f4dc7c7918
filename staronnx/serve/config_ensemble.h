// What a configuration must say to be an ensemble's, whatever its models are.
#pragma once

#include "staronnx/base/result.h"
#include "staronnx/serve/config_text.h"

namespace staronnx {

// Of a configuration with ensemble_scheduling, or of the platform "ensemble"; all others are fine. Every tensor must be written once, by
// one step or by the request, and be read by a step or the answer, and no step may wait for itself. Errors are invalid_argument and say the
// place.
Status check_ensemble(const ConfigText& text, std::string_view name);

}  // namespace staronnx
