#include "staronnx/schedule/node_words.h"

namespace staronnx {

void put_tensor(std::vector<Word>& words, const TensorView& tensor) {
  words.push_back(static_cast<Word>(tensor.type));
  words.push_back(static_cast<Word>(tensor.data.size()));
  words.push_back(static_cast<Word>(tensor.shape.size()));
  words.insert(words.end(), tensor.shape.begin(), tensor.shape.end());
}

TensorWords take_tensor(WordReader& reader) {
  TensorWords tensor;
  tensor.type = static_cast<DataType>(reader.number());
  tensor.bytes = static_cast<std::size_t>(reader.number());
  tensor.shape = reader.take(static_cast<std::size_t>(reader.number()));
  return tensor;
}

void put_error(std::vector<Word>& words, const Error& error) {
  words.push_back(1 + static_cast<Word>(error.code));
  put(words, error.message);
}

Status take_status(WordReader& reader) {
  const Word code = reader.number();
  if (code == 0 && reader.complete()) return {};
  const std::string message = reader.text();
  if (!reader.complete()) return Error{ErrorCode::internal, "a node's answer is incomplete"};
  return Error{static_cast<ErrorCode>(code - 1), message};
}

}  // namespace staronnx
