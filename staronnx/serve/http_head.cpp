#include "staronnx/serve/http_head.h"

#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/serializer.hpp>
#include <charconv>

namespace staronnx {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;

constexpr const char* kJsonLength = "Inference-Header-Content-Length";

std::string text_of(beast::string_view view) {
  return {view.data(), view.size()};
}

std::string lines_of(const http::request_header<>& head, beast::string_view field) {
  std::string lines;
  const auto [begin, end] = head.equal_range(field);
  for (auto line = begin; line != end; ++line) lines += (line == begin ? "" : ",") + text_of(line->value());
  return lines;
}

}  // namespace

HttpRequest request_of(const http::request_header<>& head, const Restrictions& restrictions, bool traces) {
  HttpRequest request;
  request.method = text_of(head.method_string());
  request.target = text_of(head.target());
  request.content_encoding = text_of(head[http::field::content_encoding]);
  request.accept_encoding = text_of(head[http::field::accept_encoding]);
  const auto length = head.find(kJsonLength);
  if (length != head.end()) request.inference_header_length = text_of(length->value());
  for (const Restriction& restriction : restrictions.all()) request.keys.push_back(text_of(head[restriction.header]));
  if (traces) request.traceparent = lines_of(head, "traceparent");
  if (traces) request.tracestate = lines_of(head, "tracestate");
  return request;
}

std::size_t tensors_at(const http::request_header<>& head) {
  const beast::string_view text = head[kJsonLength];
  std::size_t length = 0;  // of what is no number: parse_infer() refuses that
  std::from_chars(text.data(), text.data() + text.size(), length);
  return length;
}

std::string head_of(const HttpAnswer& answer, bool keep_alive) {
  http::response<http::empty_body> head(static_cast<http::status>(answer.status), 11);
  if (answer.encoding != Encoding::identity) head.set(http::field::content_encoding, std::string(to_string(answer.encoding)));
  if (answer.size() > 0) head.set(http::field::content_type, answer.content_type);
  for (const auto& [field, value] : answer.fields) head.set(field, value);
  head.keep_alive(keep_alive);
  head.content_length(answer.size());
  http::response_serializer<http::empty_body> serializer(head);
  std::string text;
  beast::error_code none;
  serializer.next(none, [&](beast::error_code& /*none*/, const auto& buffers) {
    for (const boost::asio::const_buffer part : beast::buffers_range(buffers))
      text.append(static_cast<const char*>(part.data()), part.size());
  });
  return text;
}

}  // namespace staronnx
