// One HTTP connection: reads requests, lets a handler answer them, writes the answers in the order of the requests.
//
//   (handshake) -> header -> (100 Continue) -> body -> answering -> writing -> header ..
//                     \-> refused: an error, then no more is read
//
// While an inference runs, a client that closes the connection, or its sending side, cancels it. Requests that come early wait in the
// socket. All of a session happens on its strand; it lives as long as something is under way. Who brings an answer writes it as far as that
// goes at once. Private to this room.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "staronnx/serve/access_line.h"
#include "staronnx/serve/allowance.h"
#include "staronnx/serve/http_body.h"
#include "staronnx/serve/http_handler.h"
#include "staronnx/serve/http_options.h"
#include "staronnx/serve/http_stream.h"

namespace staronnx {

class HttpSession : public std::enable_shared_from_this<HttpSession> {
 public:
  // The socket's executor is a strand of its own. Encrypted unless `tls` is null. `handler`, `options`, `log` and `bytes`, those that the server
  // holds, outlive the session; `ended` is called when it dies.
  HttpSession(boost::asio::ip::tcp::socket socket, std::shared_ptr<boost::asio::ssl::context> tls, HttpHandler& handler,
              const HttpOptions& options, Log& log, Allowance& bytes, std::function<void()> ended);
  ~HttpSession();

  // Thread-safe, as the following.
  void start();

  // Instead: whatever the client wants, there are too many connections. One that is encrypted is closed without a word.
  void turn_away();

  // The request under way is answered, as the connection's last.
  void stop();

  // At once; an inference under way is cancelled.
  void close();

 private:
  using Failure = boost::beast::error_code;
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  // What is under way takes no longer, or the connection is closed.
  void limit(Seconds time);
  void set_alarm();

  void begin();
  void next_request();
  void read_some();
  void parse();
  void on_header();
  void say_continue();
  void read_body();
  void read_sized_body();
  void refuse(Failure failure);
  void refuse_busy(const Error& reason);
  void on_request();
  void watch();
  void read_first();
  void on_readable();
  void bring(HttpAnswer answer);
  void on_answer(HttpAnswer answer);
  void reply(HttpAnswer answer);
  void write_rest(std::size_t begin);
  void on_written();
  void linger();
  void discard();
  void do_close();
  void say_ended(std::string_view status);

  // A handler that keeps the session alive.
  template <class... Arguments>
  auto bound(void (HttpSession::*handler)(Arguments...));

  const std::shared_ptr<boost::asio::ssl::context> tls_;
  HttpStream stream_;
  // Rings at the deadline or before, and then is set again: setting it for each step would cost 6 us a request.
  boost::asio::steady_timer alarm_;
  Clock::time_point deadline_ = Deadline::never().at;
  bool alarm_set_ = false;
  boost::asio::steady_timer look_again_;
  HttpHandler& handler_;
  const HttpOptions& options_;
  Log& log_;
  Allowance& bytes_;
  const std::function<void()> ended_;
  boost::beast::flat_buffer buffer_;  // what was read and not understood yet
  std::optional<Parser> parser_;
  HttpBody body_;              // of known size, read straight into its place
  std::size_t body_read_ = 0;  // of it
  Allowance::Share held_;      // the body's
  std::string rest_;           // of the answer, which the socket has not taken yet
  unsigned status_ = 0;        // of the answer
  RunningInference running_;
  std::optional<AccessLine> access_;    // of the request, if it is to be logged
  std::shared_ptr<TraceRecord> trace_;  // of the request, if it is traced and its answer is being written
  bool begun_ = false;                  // the request has
  bool header_read_ = false;
  bool keep_alive_ = false;
  bool answering_ = false;  // a request waits for its answer
  bool watching_ = false;   // the socket is watched for the client's going, or its next request
  bool gone_ = false;       // the client is
  bool stopping_ = false;
};

}  // namespace staronnx
