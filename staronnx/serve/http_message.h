// HTTP requests and answers as values, between the connection that carries them and those who understand them; private to this room.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/base/units.h"
#include "staronnx/serve/allowance.h"
#include "staronnx/serve/compression.h"
#include "staronnx/serve/http_body.h"

namespace staronnx {

struct TraceRecord;

struct HttpRequest {
  std::string method;  // "GET"
  std::string target;  // path and query, as they came
  HttpBody body;       // as it came, perhaps compressed
  // Header fields; empty when absent.
  std::string content_encoding, accept_encoding;
  std::optional<std::string> inference_header_length;  // Inference-Header-Content-Length
  std::vector<std::string> keys = {};                  // for each restriction that there is; empty when absent
  Allowance::Share bytes = {};                         // of those that the server holds: the body's
  std::string traceparent = {}, tracestate = {};       // all lines, joined by commas; only where the handler wants them
};

struct HttpAnswer {
  unsigned status = 200;
  std::string body = {};
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> fields = {};  // further header fields
  Encoding encoding = Encoding::identity;                        // to be sent in; the body is not
  std::vector<std::span<const std::byte>> lent = {};             // what follows the body, in memory of others
  std::string request_id = {};                                   // for the log, where it says requests
  std::shared_ptr<TraceRecord> trace = {};                       // ends when the answer is written; null: not traced

  std::size_t size() const;  // of all that is sent
  void take_lent();          // copies it to the body
};

unsigned http_status(ErrorCode code);

// {"error": "..."}
HttpAnswer error_answer(unsigned status, std::string_view message);
HttpAnswer error_answer(const Error& error);
// The same, with the time after which another try may be worth it.
HttpAnswer busy_answer(const Error& error, Seconds retry_after = Seconds(1));

}  // namespace staronnx
