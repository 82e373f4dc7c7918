#include "staronnx/serve/http_session.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/core/buffers_suffix.hpp>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "staronnx/serve/compression.h"
#include "staronnx/serve/http_head.h"
#include "staronnx/serve/trace_record.h"

namespace staronnx {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

// A client that was refused may still be sending; closing at once would take the answer from it.
constexpr Seconds kLinger{2};

// Whether a client that has sent more than its request is still there.
constexpr std::chrono::milliseconds kLookAgain{100};

// So much of a body in chunks is read at once.
constexpr std::size_t kPiece = 256 * 1024;
constexpr std::size_t kHeaderPiece = 4 * 1024;
constexpr std::size_t kSmallPiece = 16 * 1024;

constexpr Clock::time_point kNever = Deadline::never().at;

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

std::string text_of(beast::string_view view) {
  return {view.data(), view.size()};
}

// Whether the other end has closed, or its sending side, though bytes may be there that it sent before.
bool has_closed(int socket) {
  tcp_info info{};
  socklen_t size = sizeof info;
  return getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 || info.tcpi_state != TCP_ESTABLISHED;
}

HttpAnswer answer_to(beast::error_code failure, const HttpOptions& options) {
  if (failure == http::error::body_limit)
    return error_answer(413, "the body has more than " + std::to_string(options.max_body.count) +
                                 " bytes; raise --http-max-input-size to allow it");
  if (failure == http::error::header_limit)
    return error_answer(431, "the header has more than " + std::to_string(options.max_header.count) + " bytes");
  return error_answer(400, "this is no HTTP request: " + failure.message());
}

// Does the work on the strand before this returns, or, where others are on it, never.
template <class Work>
bool run_now(const HttpStream::executor_type& strand, const Work& work) {
  struct Offer {
    const std::thread::id to = std::this_thread::get_id();
    bool open = true;
    bool taken = false;
  };
  const auto offer = std::make_shared<Offer>();
  asio::dispatch(strand, [offer, &work] {
    if (offer->to != std::this_thread::get_id() || !offer->open) return;
    offer->taken = true;
    work();
  });
  offer->open = false;
  return offer->taken;
}

}  // namespace

template <class... Arguments>
auto HttpSession::bound(void (HttpSession::*handler)(Arguments...)) {
  return [self = shared_from_this(), handler](Arguments... arguments) { ((*self).*handler)(std::move(arguments)...); };
}

HttpSession::HttpSession(asio::ip::tcp::socket socket, std::shared_ptr<asio::ssl::context> tls, HttpHandler& handler,
                         const HttpOptions& options, Log& log, Allowance& bytes, std::function<void()> ended)
    : tls_(std::move(tls)),
      stream_(std::move(socket), tls_.get()),
      alarm_(stream_.get_executor()),
      look_again_(stream_.get_executor()),
      handler_(handler),
      options_(options),
      log_(log),
      bytes_(bytes),
      ended_(std::move(ended)) {}

HttpSession::~HttpSession() {
  ended_();
}

void HttpSession::start() {
  asio::dispatch(stream_.get_executor(), bound(&HttpSession::begin));
}

void HttpSession::turn_away() {
  asio::dispatch(stream_.get_executor(), [self = shared_from_this()] {
    if (self->tls_) return self->do_close();
    self->refuse_busy({ErrorCode::unavailable, "there are more than " + std::to_string(self->options_.max_connections) +
                                                   " connections; try again later, or raise --" + self->options_.flags +
                                                   "-max-connections"});
  });
}

void HttpSession::stop() {
  asio::dispatch(stream_.get_executor(), [self = shared_from_this()] {
    self->stopping_ = true;
    const bool busy = self->answering_ || !self->rest_.empty() || self->begun_;
    if (!busy) self->do_close();
  });
}

void HttpSession::close() {
  asio::dispatch(stream_.get_executor(), bound(&HttpSession::do_close));
}

// ---- time limits ----

void HttpSession::limit(Seconds time) {
  deadline_ = Deadline::after(time, Clock::now()).at;
  if (deadline_ < alarm_.expiry() || !alarm_set_) set_alarm();
}

void HttpSession::set_alarm() {
  alarm_set_ = deadline_ != kNever;
  if (!alarm_set_) return;
  alarm_.expires_at(deadline_);
  alarm_.async_wait([weak = weak_from_this()](Failure failure) {
    const std::shared_ptr<HttpSession> self = weak.lock();
    if (failure || !self) return;
    self->deadline_ > Clock::now() ? self->set_alarm() : self->do_close();
  });
}

// ---- reading ----

void HttpSession::begin() {
  limit(options_.stalled);
  stream_.async_begin([self = shared_from_this()](Failure failure) { failure ? self->do_close() : self->next_request(); });
}

void HttpSession::next_request() {
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(options_.max_header.count));
  parser_->body_limit(options_.max_body.count);
  begun_ = header_read_ = false;
  if (buffer_.size() == 0 && buffer_.capacity() > kSmallPiece) buffer_ = {};  // an idle connection keeps little
  limit(options_.idle);
  parse();
}

// The first bytes of a request are awaited by the watch that has looked for the client's going until then.
void HttpSession::read_some() {
  if (!begun_ && !tls_) return watch();
  const std::size_t room = header_read_ ? kPiece : kHeaderPiece;
  stream_.async_read_some(buffer_.prepare(room), [self = shared_from_this()](Failure failure, std::size_t read) {
    self->buffer_.commit(read);
    failure ? self->do_close() : self->parse();
  });
}

void HttpSession::parse() {
  while (buffer_.size() > 0 && !parser_->is_done()) {
    // The time for a header as a whole; of a body each piece has that.
    if (header_read_ || !std::exchange(begun_, true)) limit(options_.stalled);
    Failure failure;
    buffer_.consume(parser_->put(buffer_.data(), failure));
    if (failure == http::error::need_more) break;
    if (failure) return refuse(failure);
    if (parser_->is_header_done() && !header_read_) return on_header();
    const std::size_t size = parser_->get().body().size();
    if (size > held_.has() && !held_.grow(size - held_.has())) return refuse_busy(too_much_in_flight(bytes_));
  }
  parser_->is_done() ? on_request() : read_some();
}

void HttpSession::on_header() {
  header_read_ = true;
  access_ = access_line(log_, [&] {
    return AccessLine{"HTTP", text_of(parser_->get().method_string()), text_of(parser_->get().target())};
  });
  keep_alive_ = parser_->keep_alive();
  limit(options_.stalled);
  held_ = Allowance::Share(bytes_);
  if (!held_.grow(parser_->content_length().value_or(0))) return refuse_busy(too_much_in_flight(bytes_));
  const auto expectation = parser_->get().find(http::field::expect);
  if (expectation == parser_->get().end()) {
    read_body();
  } else if (beast::iequals(expectation->value(), "100-continue")) {
    say_continue();
  } else {
    keep_alive_ = false;
    reply(error_answer(417, "'Expect: " + text_of(expectation->value()) + "' is not met here; only 100-continue is"));
  }
}

void HttpSession::say_continue() {
  asio::async_write(
      stream_, asio::buffer(kContinue.data(), kContinue.size()),
      [self = shared_from_this()](Failure failure, std::size_t) { failure ? self->do_close() : self->read_body(); });
}

void HttpSession::read_body() {
  if (parser_->is_done()) return on_request();
  if (parser_->chunked()) return parse();
  const std::size_t size = parser_->content_length().value_or(0);
  body_ =
      HttpBody::for_overwrite(size, tensors_at(parser_->get()));  // who only promises much costs little: nothing is written yet
  body_read_ = asio::buffer_copy(asio::buffer(body_.bytes().data(), size), buffer_.data());
  buffer_.consume(body_read_);
  read_sized_body();
}

void HttpSession::read_sized_body() {
  if (body_read_ == body_.size()) return on_request();
  limit(options_.stalled);
  const std::span<std::byte> left = body_.bytes().subspan(body_read_);
  stream_.async_read_some(asio::buffer(left.data(), left.size()), [self = shared_from_this()](Failure failure, std::size_t read) {
    self->body_read_ += read;
    failure ? self->do_close() : self->read_sized_body();
  });
}

void HttpSession::refuse(Failure failure) {
  keep_alive_ = false;
  reply(answer_to(failure, options_));
}

void HttpSession::refuse_busy(const Error& reason) {
  keep_alive_ = false;
  reply(busy_answer(reason));
}

// ---- answering ----

void HttpSession::on_request() {
  deadline_ = kNever;
  answering_ = true;
  HttpRequest request = request_of(parser_->get(), options_.restrictions, handler_.traces());
  request.body = parser_->chunked() ? HttpBody(std::move(parser_->get().body())) : std::exchange(body_, {});
  request.bytes = std::exchange(held_, {});
  parser_.reset();
  running_ =
      handler_.handle(std::move(request), [self = shared_from_this()](HttpAnswer answer) { self->bring(std::move(answer)); });
  if (answering_) watch();
}

void HttpSession::watch() {
  if (watching_) return;
  watching_ = true;
  stream_.tcp().async_wait(asio::ip::tcp::socket::wait_read, [self = shared_from_this()](Failure failure) {
    self->watching_ = false;
    if (failure) return;
    if (self->answering_) return self->on_readable();
    if (self->parser_ && !self->begun_ && !self->tls_) self->read_first();
  });
}

void HttpSession::read_first() {
  Failure failure;
  buffer_.commit(stream_.tcp().read_some(buffer_.prepare(kHeaderPiece), failure));
  if (failure && failure != asio::error::would_block) return do_close();
  parse();
}

// The client has gone, or has sent more, behind which its going shows only when one looks.
void HttpSession::on_readable() {
  gone_ = has_closed(stream_.tcp().native_handle());
  if (gone_) return running_.cancel();
  look_again_.expires_after(kLookAgain);
  look_again_.async_wait([self = shared_from_this()](Failure failure) {
    if (!failure && self->answering_) self->on_readable();
  });
}

// On the thread that has the answer.
void HttpSession::bring(HttpAnswer answer) {
  if (!answer.lent.empty() && run_now(stream_.get_executor(), [&] { on_answer(std::move(answer)); })) return;
  answer.take_lent();
  asio::dispatch(stream_.get_executor(),
                 [self = shared_from_this(), answer = std::move(answer)]() mutable { self->on_answer(std::move(answer)); });
}

void HttpSession::on_answer(HttpAnswer answer) {
  answering_ = false;
  running_ = {};
  if (gone_) return do_close();
  reply(std::move(answer));
}

// ---- writing ----

void HttpSession::reply(HttpAnswer answer) {
  keep_alive_ = keep_alive_ && !stopping_;
  if (!header_read_) access_ = access_line(log_, [] { return AccessLine{"HTTP"}; });
  if (access_) access_->request_id = std::move(answer.request_id);
  trace_ = std::move(answer.trace);
  status_ = answer.status;
  if (answer.encoding != Encoding::identity) {
    answer.take_lent();
    answer.body = compressed(answer.body, answer.encoding);
  }
  const std::string head = head_of(answer, keep_alive_);
  std::vector<asio::const_buffer> parts{asio::buffer(head), asio::buffer(answer.body)};
  for (const std::span<const std::byte> part : answer.lent) parts.emplace_back(part.data(), part.size());
  beast::buffers_suffix<std::vector<asio::const_buffer>> left(parts);
  Failure failure;
  while (!failure && beast::buffer_bytes(left) > 0) left.consume(stream_.write_some(left, failure));
  if (!failure) return on_written();
  if (failure != asio::error::would_block) return do_close();
  rest_.reserve(beast::buffer_bytes(left));
  for (const asio::const_buffer part : beast::buffers_range(left))
    rest_.append(static_cast<const char*>(part.data()), part.size());
  write_rest(0);
}

void HttpSession::write_rest(std::size_t begin) {
  if (begin == rest_.size()) return on_written();
  limit(options_.stalled);
  stream_.async_write_some(asio::buffer(rest_) + begin, [self = shared_from_this(), begin](Failure failure, std::size_t written) {
    failure ? self->do_close() : self->write_rest(begin + written);
  });
}

void HttpSession::on_written() {
  say_ended(std::to_string(status_));
  rest_ = {};
  if (!keep_alive_ || stopping_) return linger();
  // A request that is there already is left to the threads for it: this one may be a worker's.
  buffer_.size() == 0 ? next_request() : asio::post(stream_.get_executor(), bound(&HttpSession::next_request));
}

// ---- ending ----

void HttpSession::say_ended(std::string_view status) {
  if (access_) access_->write(log_, status);
  access_.reset();
  if (trace_) trace_->end = Clock::now();
  trace_.reset();
}

// Says that no more will come, and reads what still comes until the client has closed.
void HttpSession::linger() {
  buffer_ = {};
  limit(kLinger);
  stream_.async_end([self = shared_from_this()](Failure) {
    Failure ignored;
    self->stream_.tcp().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    self->discard();
  });
}

void HttpSession::discard() {
  stream_.tcp().async_read_some(buffer_.prepare(kSmallPiece), [self = shared_from_this()](Failure failure, std::size_t) {
    failure ? self->do_close() : self->discard();
  });
}

void HttpSession::do_close() {
  if (answering_) running_.cancel();
  gone_ = true;
  say_ended("");
  look_again_.cancel();
  alarm_.cancel();
  Failure ignored;
  stream_.tcp().close(ignored);
}

}  // namespace staronnx
