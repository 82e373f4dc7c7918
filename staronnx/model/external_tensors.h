// Where the external data of a model's constants lies.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/model/tensor.h"

namespace staronnx {

struct ExternalTensor {
  std::string name;
  DataType type = DataType::undefined;
  Shape shape;
  std::uint64_t offset = 0;  // in the external data file, bytes
  std::uint64_t length = 0;  // bytes; 0 when the model does not say it
  bool unique = true;        // no other constant of the model has this name; those of different bodies may

  bool operator==(const ExternalTensor&) const = default;
};

// All of the model, bodies of If, Loop and Scan included. The data are not read. Fails, naming the file, when it is missing or no ONNX
// model, or says of a tensor a place that is no number.
Result<std::vector<ExternalTensor>> external_tensors(const std::filesystem::path& model_file);

}  // namespace staronnx
