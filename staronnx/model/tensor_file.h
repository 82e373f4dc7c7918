// Tensors in files: NumPy's .npy (format versions 1 to 3) and ONNX's TensorProto (.pb).
#pragma once

#include <filesystem>

#include "staronnx/model/tensor.h"

namespace staronnx {

// By the file's extension: .npy or .pb. Fails, naming the file, on truncated or inconsistent content, and on what has no tensor
// type here (Fortran order and big-endian data are converted). Strings: <U and |S arrays of .npy, string_data of .pb.
Result<Tensor> read_tensor(const std::filesystem::path& file);

// The same, written. .npy has no bfloat16, 8-bit float or 4-bit type: those are refused, use .pb. Replaces an existing file in
// one step.
Status write_tensor(const std::filesystem::path& file, const TensorView& tensor);

}  // namespace staronnx
