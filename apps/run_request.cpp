#include "apps/run_request.h"

#include <algorithm>

#include "staronnx/model/tensor_file.h"

namespace staronnx::apps {
namespace {

std::optional<std::size_t> position_of(const std::string& name, const std::vector<TensorInfo>& tensors) {
  const auto found = std::find_if(tensors.begin(), tensors.end(), [&](const TensorInfo& info) { return info.name == name; });
  if (found == tensors.end()) return std::nullopt;
  return static_cast<std::size_t>(found - tensors.begin());
}

}  // namespace

FileArgument parse_file_argument(const std::string& text, const std::vector<TensorInfo>& tensors) {
  // The longest name wins: names may contain '=' as well.
  for (std::size_t at = text.rfind('='); at != std::string::npos && at > 0; at = text.rfind('=', at - 1)) {
    if (position_of(text.substr(0, at), tensors)) return {text.substr(0, at), text.substr(at + 1)};
  }
  return {"", text};
}

Result<std::vector<std::optional<std::string>>> assign_files(const std::vector<std::string>& arguments,
                                                             const std::vector<TensorInfo>& tensors, const char* option) {
  std::vector<std::optional<std::string>> files(tensors.size());
  std::vector<std::string> unnamed;
  for (const std::string& text : arguments) {
    FileArgument argument = parse_file_argument(text, tensors);
    const std::optional<std::size_t> position = position_of(argument.name, tensors);
    if (!position) {
      unnamed.push_back(std::move(argument.file));
    } else if (files[*position]) {
      return Error{ErrorCode::invalid_argument, std::string(option) + " " + text + ": '" + argument.name + "' was given twice"};
    } else {
      files[*position] = std::move(argument.file);
    }
  }
  auto next = files.begin();
  for (std::string& file : unnamed) {
    next = std::find(next, files.end(), std::nullopt);
    if (next == files.end()) {
      return Error{ErrorCode::invalid_argument, std::string(option) + " " + file + ": the model has only " +
                                                    std::to_string(tensors.size()) + ", and each has a file already"};
    }
    *next = std::move(file);
  }
  return files;
}

Result<std::vector<Tensor>> read_inputs(const Signature& signature, const std::vector<std::string>& arguments) {
  Result<std::vector<std::optional<std::string>>> files = assign_files(arguments, signature.inputs, "--input");
  if (!files) return files.error();
  std::vector<Tensor> tensors(signature.inputs.size());
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const TensorInfo& input = signature.inputs[i];
    if ((*files)[i]) {
      Result<Tensor> tensor = read_tensor(*(*files)[i]);
      if (!tensor) return tensor.error();
      tensors[i] = *std::move(tensor);
    } else if (!input.optional) {
      return Error{ErrorCode::invalid_argument, "input '" + input.name + "' (" + std::string(to_string(input.type)) + " " +
                                                    to_string(input.shape) + ") has no file; add --input " + input.name +
                                                    "=FILE.npy"};
    }
  }
  return tensors;
}

Status write_outputs(const Signature& signature, const std::vector<Tensor>& outputs, const std::vector<std::string>& arguments) {
  Result<std::vector<std::optional<std::string>>> files = assign_files(arguments, signature.outputs, "--output");
  if (!files) return files.error();
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (!(*files)[i]) continue;
    if (Status written = write_tensor(*(*files)[i], outputs[i].view()); !written) return written.error();
  }
  return {};
}

}  // namespace staronnx::apps
