// The tensors of one request, from the user's files or drawn at random, and back to files.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/model/signature.h"

namespace staronnx::apps {

// "NAME=FILE", or "FILE" for the next tensor in the model's order that was not named.
struct FileArgument {
  std::string name;  // "" when not said
  std::string file;
};

// The part before '=' is a name when `tensors` has it; a file name may contain '=' otherwise.
FileArgument parse_file_argument(const std::string& text, const std::vector<TensorInfo>& tensors);

// For each of `tensors` the file given for it. Fails on a name given twice and on more files than tensors.
Result<std::vector<std::optional<std::string>>> assign_files(const std::vector<std::string>& arguments,
                                                             const std::vector<TensorInfo>& tensors, const char* option);

// One per input, read from the files. Fails when a required input has none.
Result<std::vector<Tensor>> read_inputs(const Signature& signature, const std::vector<std::string>& arguments);

// Writes the outputs that a file was given for.
Status write_outputs(const Signature& signature, const std::vector<Tensor>& outputs, const std::vector<std::string>& arguments);

}  // namespace staronnx::apps
