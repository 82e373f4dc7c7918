#include "staronnx/bench/http_connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <utility>

namespace staronnx {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using Failure = boost::system::error_code;

constexpr std::chrono::minutes kSilence{2};
constexpr std::size_t kPiece = 64 * 1024;  // read at once at most
constexpr std::size_t kLongestMessage = 300;

Status status_of(const http::response<http::string_body>& response) {
  const unsigned code = response.result_int();
  if (code == 200) return {};
  const bool refused = code == 503 || code == 429;
  return Error{refused ? ErrorCode::unavailable : ErrorCode::internal,
               std::to_string(code) + ", " + response.body().substr(0, kLongestMessage)};
}

}  // namespace

HttpConnection::HttpConnection(asio::io_context& context, const tcp::endpoint& server, Owner& owner)
    : socket_(context), server_(server), owner_(owner) {}

void HttpConnection::open(Job job) {
  {
    const std::lock_guard lock(mutex_);
    job_ = std::move(job);
    since_ = Clock::now();
  }
  socket_.async_connect(server_, [self = shared_from_this()](const Failure& failure) {
    if (failure) return self->fail(failure.message());
    Failure ignored;
    self->socket_.set_option(tcp::no_delay(true), ignored);
    {
      const std::lock_guard lock(self->mutex_);
      if (!self->closed_) self->send();
    }
    self->read();
  });
}

bool HttpConnection::run(Job& job) {
  const std::lock_guard lock(mutex_);
  if (closed_) return false;
  used_ = true;
  job_ = std::move(job);
  since_ = Clock::now();
  send();
  return true;
}

void HttpConnection::send() {
  const std::string& bytes = *job_->bytes;
  const ssize_t sent = ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent == static_cast<ssize_t>(bytes.size())) return;
  if (sent < 0 && errno != EAGAIN) return void(::shutdown(socket_.native_handle(), SHUT_RDWR));  // reading then fails
  sending_ = true;
  asio::post(socket_.get_executor(),
             [self = shared_from_this(), &bytes, begin = static_cast<std::size_t>(std::max<ssize_t>(0, sent))] {
               self->send_rest(bytes, begin);
             });
}

void HttpConnection::send_rest(const std::string& bytes, std::size_t begin) {
  const auto rest = asio::buffer(bytes) + begin;
  asio::async_write(socket_, rest, [self = shared_from_this()](const Failure& failure, std::size_t) {
    const std::lock_guard lock(self->mutex_);
    self->sending_ = false;
    if (failure && !self->closed_) ::shutdown(self->socket_.native_handle(), SHUT_RDWR);
  });
}

void HttpConnection::read() {
  if (!parser_) {
    parser_.emplace();
    parser_->eager(true);
    parser_->body_limit(std::numeric_limits<std::uint64_t>::max());
  }
  socket_.async_read_some(buffer_.prepare(kPiece), [self = shared_from_this()](const Failure& failure, std::size_t bytes) {
    if (!failure) return self->take(bytes);
    Failure ending;
    if (failure == asio::error::eof && self->parser_->got_some())
      self->parser_->put_eof(ending);  // a body without a length ends so
    self->parser_->is_done() ? self->complete() : self->fail(failure.message());
  });
}

void HttpConnection::take(std::size_t bytes) {
  buffer_.commit(bytes);
  Failure failure;
  while (buffer_.size() > 0 && !failure && !parser_->is_done()) buffer_.consume(parser_->put(buffer_.data(), failure));
  if (failure && failure != http::error::need_more) return fail(failure.message());
  parser_->is_done() ? complete() : read();
}

void HttpConnection::complete() {
  const auto response = parser_->release();
  parser_.reset();
  std::optional<Job> job;
  bool usable = false;
  {
    const std::lock_guard lock(mutex_);
    job = std::exchange(job_, std::nullopt);
    usable = job && response.keep_alive() && !sending_ && buffer_.size() == 0;
    closed_ = !usable;
    Failure ignored;
    if (closed_) socket_.close(ignored);
  }
  const auto self = shared_from_this();
  if (!job) return owner_.lost(self, std::nullopt, {ErrorCode::internal, "an answer that nobody asked for"}, false);
  if (usable) read();
  owner_.answered(self, *std::move(job), status_of(response), usable);
}

void HttpConnection::fail(const std::string& why) {
  std::optional<Job> job;
  bool stale = false;
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(closed_, true)) return;
    stale = used_ && !(parser_ && parser_->got_some());
    job = std::exchange(job_, std::nullopt);
    Failure ignored;
    socket_.close(ignored);
  }
  owner_.lost(shared_from_this(), std::move(job), {ErrorCode::internal, "the connection broke: " + why}, stale);
}

void HttpConnection::close_if_silent(Clock::time_point now) {
  {
    const std::lock_guard lock(mutex_);
    if (!job_ || now - since_ < kSilence) return;
    used_ = false;  // not to be sent again
  }
  fail("no answer for two minutes");
}

}  // namespace staronnx
