// What a server and a node say to each other of a segment's run: tensors without their data, which StarPU carries.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/execute/engine.h"
#include "staronnx/model/tensor.h"
#include "staronnx/schedule/words.h"

namespace staronnx {

// Type, bytes, rank, dimensions. The data is where the reader says; a shape stays in the words.
void put_tensor(std::vector<Word>& words, const TensorView& tensor);
struct TensorWords {
  DataType type = DataType::undefined;
  std::size_t bytes = 0;
  std::span<const std::int64_t> shape;
};
TensorWords take_tensor(WordReader& reader);

// An answer begins with 0, or with an error.
void put_error(std::vector<Word>& words, const Error& error);
Status take_status(WordReader& reader);

}  // namespace staronnx
