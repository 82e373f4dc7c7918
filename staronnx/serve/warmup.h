// What a configuration has a model compute before it is ready (model_warmup): so that what is slow at the first time is over, and so that
// the scheduler knows what requests take.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/serve/inference.h"
#include "staronnx/serve/model_config.h"

namespace staronnx {

struct WarmupSample {
  std::string name;    // for messages: "model_warmup[0] 'image'"
  unsigned count = 1;  // times to run it
  std::vector<InferenceInput> inputs;
};

// Zeros (strings: empty); at random, floats from a standard normal distribution and 1 for integers, which is valid as mask, token and index
// nearly everywhere; or a file's bytes as requests carry them, out of warmup/ in the model's `folder`. The first dimension is the sample's
// batch size where the model has batches. Fails for files that cannot be read (not_found) and samples that are too large (invalid_argument).
Result<std::vector<WarmupSample>> warmup_samples(const ModelConfig& config, const std::filesystem::path& folder);

}  // namespace staronnx
