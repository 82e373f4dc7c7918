// Machines as files: JSON that `staronnx machine` writes and people may write; docs/machine-files.md describes every field.
#pragma once

#include <filesystem>
#include <string>

#include "staronnx/base/result.h"
#include "staronnx/machine/machine.h"

namespace staronnx {

// Units are in the fields' names. What is unknown is left out.
std::string to_json(const Machine& machine);

// The machine that the text describes; what to_json wrote comes back equal. Refuses, naming the field by its path (gpus[1].memory_bytes),
// a field that is missing, unknown, given twice, of the wrong type or out of range, ids that come twice, and references to what is not
// there; and a version of the format that is not this program's.
Result<Machine> parse_machine(const std::string& json);

// The same from a file, which every error names.
Result<Machine> load_machine(const std::filesystem::path& file);

}  // namespace staronnx
