// The encodings of HTTP bodies: gzip and deflate, which is zlib's format. Private to this room.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "staronnx/base/result.h"
#include "staronnx/serve/http_body.h"

namespace staronnx {

enum class Encoding { identity, gzip, deflate };

std::string_view to_string(Encoding encoding);  // "gzip"

// What the client likes best of what we have, by an Accept-Encoding field: the highest quality, gzip where they are equal. Identity when
// nothing is accepted, or the field is not there.
Encoding accepted_encoding(std::string_view accept_encoding);

std::string compressed(std::string_view body, Encoding encoding);

// `content_encoding`: a request's field, empty when it is not there. Fails with unsupported for other encodings, with invalid_argument for a
// damaged body and one that is larger than `limit` when unpacked; no more than `limit` bytes are ever made.
Result<HttpBody> uncompressed(HttpBody body, std::string_view content_encoding, std::size_t limit);

}  // namespace staronnx
