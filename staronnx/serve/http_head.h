// The heads of HTTP messages: from Beast's form into ours, and from ours into bytes. Private to this room.
#pragma once

#include <boost/beast/http/message.hpp>
#include <cstddef>
#include <string>

#include "staronnx/serve/http_message.h"
#include "staronnx/serve/restrictions.h"

namespace staronnx {

// Without its body and its bytes; the caller's trace where `traces` says so.
HttpRequest request_of(const boost::beast::http::request_header<>& head, const Restrictions& restrictions, bool traces);

// Where binary tensors begin in the body; 0 where the request does not say that, or nothing that could be.
std::size_t tensors_at(const boost::beast::http::request_header<>& head);

// All before the body, with its length.
std::string head_of(const HttpAnswer& answer, bool keep_alive);

}  // namespace staronnx
