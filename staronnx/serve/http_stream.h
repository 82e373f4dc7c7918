// A TCP connection, encrypted or not, as one asynchronous stream for Asio and Beast; private to this room.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <optional>
#include <utility>

namespace staronnx {

class HttpStream {
 public:
  using executor_type = boost::beast::tcp_stream::executor_type;

  // Not encrypted without `tls`, which outlives the stream.
  HttpStream(boost::asio::ip::tcp::socket socket, boost::asio::ssl::context* tls) : tcp_(std::move(socket)) {
    if (tls != nullptr) tls_.emplace(tcp_, *tls);
  }

  HttpStream(const HttpStream&) = delete;
  HttpStream& operator=(const HttpStream&) = delete;

  executor_type get_executor() { return tcp_.get_executor(); }

  // What is under the encryption; its time limits hold for the stream.
  boost::beast::tcp_stream& tcp() { return tcp_; }

  // Before the first byte. The handler takes an error code, as that of async_end.
  template <class Handler>
  void async_begin(Handler handler) {
    tls_ ? tls_->async_handshake(boost::asio::ssl::stream_base::server, std::move(handler))
         : handler(boost::system::error_code());
  }

  // Tells the other end that no more comes, where encryption has a word for that, and waits for its answer; nothing else may be under way.
  template <class Handler>
  void async_end(Handler handler) {
    tls_ ? tls_->async_shutdown(std::move(handler)) : handler(boost::system::error_code());
  }

  template <class Buffers, class Handler>
  void async_read_some(const Buffers& buffers, Handler&& handler) {
    tls_ ? tls_->async_read_some(buffers, std::forward<Handler>(handler))
         : tcp_.async_read_some(buffers, std::forward<Handler>(handler));
  }

  template <class Buffers, class Handler>
  void async_write_some(const Buffers& buffers, Handler&& handler) {
    tls_ ? tls_->async_write_some(buffers, std::forward<Handler>(handler))
         : tcp_.async_write_some(buffers, std::forward<Handler>(handler));
  }

 private:
  boost::beast::tcp_stream tcp_;
  std::optional<boost::asio::ssl::stream<boost::beast::tcp_stream&>> tls_;
};

}  // namespace staronnx
