#include "staronnx/serve/http_post.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <charconv>

#include "staronnx/base/deadline.h"
#include "staronnx/serve/http_stream.h"

namespace staronnx {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using Failure = boost::system::error_code;

constexpr Seconds kLast{1};
constexpr std::uint64_t kLongestAnswer = 1ULL << 20U;

// connect -> (handshake) -> write -> read -> end; the alarm closes the connection.
class Exchange {
 public:
  Exchange(const CollectorAddress& address, asio::ssl::context* tls, const std::string& json)
      : host_(address.host), stream_(context_.get_executor(), tls) {
    request_.method(http::verb::post);
    request_.target(address.target);
    request_.set(http::field::host, address.host + ':' + address.port);
    request_.set(http::field::user_agent, "staronnx");
    request_.set(http::field::content_type, "application/json");
    request_.keep_alive(false);
    request_.body() = json;
    request_.prepare_payload();
    parser_.body_limit(kLongestAnswer);
  }

  Failure run(const CollectorAddress& address, Seconds limit, const std::stop_token& stop) {
    const auto endpoints = tcp::resolver(context_).resolve(address.host, address.port, failure_);
    if (failure_) return failure_;
    set_alarm(limit);
    asio::async_connect(stream_.tcp(), endpoints,
                        [this](Failure failure, const tcp::endpoint&) { failure ? end(failure) : begin(); });
    const std::stop_callback hurry(stop, [this] { asio::post(context_, [this] { set_alarm(kLast); }); });
    context_.run();
    return failure_;
  }

  const http::response<http::string_body>& answer() const { return parser_.get(); }

 private:
  void begin() {
    stream_.async_begin_with(host_, [this](Failure failure) { failure ? end(failure) : write(); });
  }

  void write() {
    http::async_write(stream_, request_, [this](Failure failure, std::size_t) { failure ? end(failure) : read(); });
  }

  void read() {
    http::async_read(stream_, buffer_, parser_, [this](Failure failure, std::size_t) { end(failure); });
  }

  void end(Failure failure) {
    if (!ended_) failure_ = failure;
    ended_ = true;
    alarm_.cancel();
  }

  void set_alarm(Seconds time) {
    if (ended_) return;
    alarm_.expires_after(std::chrono::duration_cast<Clock::duration>(time));
    alarm_.async_wait([this](Failure cancelled) {
      if (cancelled) return;
      end(asio::error::timed_out);
      Failure ignored;
      stream_.tcp().close(ignored);
    });
  }

  const std::string host_;
  asio::io_context context_;
  HttpStream stream_;
  asio::steady_timer alarm_{context_};
  http::request<http::string_body> request_;
  boost::beast::flat_buffer buffer_;
  http::response_parser<http::string_body> parser_;
  Failure failure_;
  bool ended_ = false;
};

Seconds retry_after(const http::response<http::string_body>& answer) {
  const auto text = answer[http::field::retry_after];
  unsigned seconds = 0;  // dates are left aside
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  return Seconds(seconds);
}

}  // namespace

Result<HttpPosted> http_post(const CollectorAddress& address, asio::ssl::context* tls, const std::string& json, Seconds limit,
                             const std::stop_token& stop) {
  Exchange exchange(address, tls, json);
  if (const Failure failure = exchange.run(address, limit, stop)) return Error{ErrorCode::unavailable, failure.message()};
  return HttpPosted{exchange.answer().result_int(), exchange.answer().body(), retry_after(exchange.answer())};
}

}  // namespace staronnx
