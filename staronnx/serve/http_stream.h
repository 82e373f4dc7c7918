// A TCP connection, encrypted or not, as one asynchronous stream for Asio and Beast; private to this room.
#pragma once

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <optional>
#include <string>
#include <utility>

namespace staronnx {

class HttpStream {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  using Failure = boost::system::error_code;
  using executor_type = Socket::executor_type;

  // Not encrypted without `tls`, which outlives the stream.
  HttpStream(Socket socket, boost::asio::ssl::context* tls) : tcp_(std::move(socket)) {
    Failure ignored;
    tcp_.non_blocking(true, ignored);
    if (tls != nullptr) tls_.emplace(tcp_, *tls);
  }

  // The same of a connection that is still to be made.
  HttpStream(const executor_type& executor, boost::asio::ssl::context* tls) : tcp_(executor) {
    if (tls != nullptr) tls_.emplace(tcp_, *tls);
  }

  HttpStream(const HttpStream&) = delete;
  HttpStream& operator=(const HttpStream&) = delete;

  executor_type get_executor() { return tcp_.get_executor(); }

  // What is under the encryption.
  Socket& tcp() { return tcp_; }

  // Before the first byte, as a server. The handler takes an error code, as those of the following.
  template <class Handler>
  void async_begin(Handler handler) {
    tls_ ? tls_->async_handshake(boost::asio::ssl::stream_base::server, std::move(handler)) : handler(Failure());
  }

  // The same as a client: the other end must have a certificate of `host`, a name or an address, where there is encryption.
  template <class Handler>
  void async_begin_with(const std::string& host, Handler handler) {
    if (!tls_) return handler(Failure());
    Failure is_name;
    boost::asio::ip::make_address(host, is_name);
    if (is_name) SSL_set_tlsext_host_name(tls_->native_handle(), host.c_str());
    tls_->set_verify_callback(boost::asio::ssl::host_name_verification(host));
    tls_->async_handshake(boost::asio::ssl::stream_base::client, std::move(handler));
  }

  // Tells the other end that no more comes, where encryption has a word for that, and waits for its answer; nothing else may be under way.
  template <class Handler>
  void async_end(Handler handler) {
    tls_ ? tls_->async_shutdown(std::move(handler)) : handler(Failure());
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

  // What can be written at once: would_block when that is nothing, and where encryption may have to read first.
  template <class Buffers>
  std::size_t write_some(const Buffers& buffers, Failure& failure) {
    if (!tls_) return tcp_.write_some(buffers, failure);
    failure = boost::asio::error::would_block;
    return 0;
  }

 private:
  Socket tcp_;
  std::optional<boost::asio::ssl::stream<Socket&>> tls_;
};

}  // namespace staronnx
