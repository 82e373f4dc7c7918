#include "staronnx/serve/http_server.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "staronnx/serve/server_for_test.h"

namespace staronnx {
namespace {

using boost::asio::ip::tcp;
using testing::HasSubstr;
using testing::StartsWith;

// Without models: what connections do. Inferences: tests/test_serve_http.py.
class HttpServerTest : public EmptyServerTest {
 protected:
  void start(HttpOptions options) {
    options.port = 0;
    Result<std::unique_ptr<HttpServer>> started = HttpServer::start_protocol(server_, options);
    ASSERT_TRUE(started.ok()) << started.error().message;
    http_ = *std::move(started);
  }

  tcp::socket connected() {
    const std::string url = http_->url();
    tcp::socket socket(context_);
    const auto port = static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
    socket.connect({boost::asio::ip::make_address("127.0.0.1"), port});
    return socket;
  }

  // All until the server closes.
  static std::string rest_of(tcp::socket& socket) {
    std::string text;
    boost::system::error_code end;
    boost::asio::read(socket, boost::asio::dynamic_buffer(text), end);
    return text;
  }

  boost::asio::io_context context_;
  std::unique_ptr<HttpServer> http_;
};

TEST_F(HttpServerTest, ClosesIdleConnections) {
  start({.idle = Milliseconds(20)});
  tcp::socket socket = connected();
  EXPECT_EQ(rest_of(socket), "");
  tcp::socket used = connected();
  boost::asio::write(used, boost::asio::buffer("GET /v2/health/live HTTP/1.1\r\n\r\n", 32));
  EXPECT_THAT(rest_of(used), StartsWith("HTTP/1.1 200 OK"));
}

TEST_F(HttpServerTest, ClosesStalledRequests) {
  start({.stalled = Milliseconds(20)});
  for (const std::string& begun : {std::string("GET /v2 HT"), std::string("POST /v2 HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf"),
                                   std::string("POST /v2 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nha")}) {
    tcp::socket socket = connected();
    boost::asio::write(socket, boost::asio::buffer(begun));
    EXPECT_EQ(rest_of(socket), "");
  }
}

TEST_F(HttpServerTest, ClosesAllWhenItGoes) {
  start({.threads = 2});
  tcp::socket idle = connected(), begun = connected();
  boost::asio::write(begun, boost::asio::buffer("GET /v2 HT", 10));
  http_.reset();
  EXPECT_EQ(rest_of(idle) + rest_of(begun), "");
}

TEST_F(HttpServerTest, DrainsIdleConnectionsAtOnceAndWaitsForOthers) {
  start({});
  tcp::socket idle = connected(), begun = connected();
  boost::asio::write(idle, boost::asio::buffer("GET /v2/health/live HTTP/1.1\r\n\r\n", 32));
  std::string answer(38, ' ');
  boost::asio::read(idle, boost::asio::buffer(answer));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK"));
  boost::asio::write(
      begun, boost::asio::buffer("POST /v2/repository/index HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n", 81));
  std::string go_on(25, ' ');
  boost::asio::read(begun, boost::asio::buffer(go_on));
  EXPECT_THAT(http_->drain(Deadline::after(Milliseconds(20), Clock::now())).error().message, HasSubstr("1 HTTP connections"));
  EXPECT_EQ(rest_of(idle), "");
  boost::asio::write(begun, boost::asio::buffer("{}", 2));
  EXPECT_THAT(rest_of(begun), HasSubstr("Connection: close"));
  begun.close();
  EXPECT_TRUE(http_->drain(Deadline::never()).ok());
}

// The answer said that the connection stays, before anybody asked for the end.
TEST_F(HttpServerTest, DrainClosesBehindAnAnswerThatIsBeingWritten) {
  start({.max_header = Bytes{32ULL << 20U}});
  tcp::socket socket = connected();
  boost::asio::write(socket, boost::asio::buffer("GET /" + std::string(16 << 20, 'x') + " HTTP/1.1\r\n\r\n"));
  std::string begin(12, ' ');
  boost::asio::read(socket, boost::asio::buffer(begin));
  EXPECT_EQ(begin, "HTTP/1.1 404");
  EXPECT_THAT(http_->drain(Deadline::after(Milliseconds(20), Clock::now())).error().message, HasSubstr("1 HTTP connections"));
  EXPECT_GT(rest_of(socket).size(), 16U << 20U);
  socket.close();
  EXPECT_TRUE(http_->drain(Deadline::never()).ok());
}

TEST_F(HttpServerTest, RefusesAddressesThatAreNotOurs) {
  const Result<std::unique_ptr<HttpServer>> other = HttpServer::start_protocol(server_, {.address = "192.0.2.1", .port = 0});
  ASSERT_FALSE(other.ok());
  EXPECT_THAT(other.error().message, HasSubstr("192.0.2.1"));
  EXPECT_FALSE(HttpServer::start_protocol(server_, {.address = "no.such.host.invalid", .port = 0}).ok());
}

TEST_F(HttpServerTest, KnowsWhetherOthersReachIt) {
  start({.address = "0.0.0.0"});
  EXPECT_FALSE(http_->loopback());
  start({.address = "localhost"});
  EXPECT_TRUE(http_->loopback());
}

}  // namespace
}  // namespace staronnx
