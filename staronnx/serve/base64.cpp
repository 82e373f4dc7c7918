#include "staronnx/serve/base64.h"

#include <openssl/evp.h>

#include <climits>

namespace staronnx {

std::optional<std::string> from_base64(const std::string& text) {
  if (text.size() > INT_MAX) return std::nullopt;
  std::string bytes(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  for (std::size_t i = text.size(); i-- > 0 && text[i] == '=';) bytes.pop_back();
  return bytes;
}

}  // namespace staronnx
