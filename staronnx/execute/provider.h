// Whose code computes a model on a CPU: an execution provider of ONNX Runtime.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace staronnx {

enum class Provider { cpu, openvino };  // ONNX Runtime's own, Intel's

std::string_view to_string(Provider provider);  // "cpu", "openvino"
std::optional<Provider> provider_named(std::string_view name);

// Those that the ONNX Runtime library in use has, `cpu` first.
std::vector<Provider> available_providers();

}  // namespace staronnx
