// One connection of a client to an HTTP server, for one request at a time, kept from one to the next. Private to this room.
//
//   open() -> busy -> idle -> busy ..        run() sends on the caller's thread, at once; answers are read on the context's
//               \-> closed                   by the server, by a failure, after two minutes of silence
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "staronnx/base/deadline.h"
#include "staronnx/bench/system.h"

namespace staronnx {

class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  struct Job {
    const std::string* bytes = nullptr;  // head and body; outlive the connection
    Deadline deadline;
    System::Done done;
  };

  // Told on the context's thread.
  class Owner {
   public:
    virtual ~Owner() = default;
    // `usable`: the connection is idle. The job's `done` has not been called.
    virtual void answered(const std::shared_ptr<HttpConnection>& connection, Job job, const Status& status, bool usable) = 0;
    // The connection is closed. `job`: was on its way; `stale`: the server may have closed a connection that was not in use, so the
    // request has not been seen.
    virtual void lost(const std::shared_ptr<HttpConnection>& connection, std::optional<Job> job, const Error& why,
                      bool stale) = 0;
  };

  // The owner outlives the context's last handler.
  HttpConnection(boost::asio::io_context& context, const boost::asio::ip::tcp::endpoint& server, Owner& owner);

  // Connects, then sends. On the context's thread, first.
  void open(Job job);

  // Sends what the socket takes; the context's thread the rest. On any thread, when idle. False, and the job is untouched, when the
  // connection has been closed meanwhile.
  bool run(Job& job);

  // Closes it when its request has been unanswered for two minutes. On the context's thread.
  void close_if_silent(Clock::time_point now);

 private:
  using Parser = boost::beast::http::response_parser<boost::beast::http::string_body>;

  void send();  // under mutex_
  void send_rest(const std::string& bytes, std::size_t begin);
  void read();
  void take(std::size_t bytes);
  void complete();
  void fail(const std::string& why);

  boost::asio::ip::tcp::socket socket_;
  const boost::asio::ip::tcp::endpoint server_;
  Owner& owner_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  std::mutex mutex_;  // of all below, and of sending on and closing the socket
  bool closed_ = false;
  bool sending_ = false;  // the rest
  bool used_ = false;     // by a request before this one
  std::optional<Job> job_;
  Clock::time_point since_;  // when the job began
};

}  // namespace staronnx
