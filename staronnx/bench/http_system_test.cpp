#include "staronnx/bench/http_system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <list>
#include <mutex>
#include <thread>

namespace staronnx {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using testing::HasSubstr;

const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

// Answers each request with what `answer` says to its number, as it is; "" closes the connection instead. What ends with the word CLOSE closes it
// afterwards.
class ScriptedServer {
 public:
  using Answer = std::function<std::string(int)>;

  explicit ScriptedServer(Answer answer) : answer_(std::move(answer)) {}

  ~ScriptedServer() {
    acceptor_.cancel();
    ::shutdown(acceptor_.native_handle(), SHUT_RDWR);
    accepting_.join();
    for (tcp::socket& socket : sockets_) ::shutdown(socket.native_handle(), SHUT_RDWR);
    for (std::thread& thread : threads_) thread.join();
  }

  ServerAddress address() const { return {Protocol::http, "127.0.0.1", std::to_string(acceptor_.local_endpoint().port())}; }
  int requests() const { return requests_; }
  int connections() const { return connections_; }

 private:
  void accept() {
    boost::system::error_code failure;
    while (true) {
      tcp::socket socket = acceptor_.accept(failure);
      if (failure) return;
      ++connections_;
      sockets_.push_back(std::move(socket));
      threads_.emplace_back([this, &socket = sockets_.back()] { serve(socket); });
    }
  }

  void serve(tcp::socket& socket) {
    boost::system::error_code failure;
    std::string buffer;
    while (true) {
      const std::size_t head = asio::read_until(socket, asio::dynamic_buffer(buffer), "\r\n\r\n", failure);
      if (failure) return;
      const std::size_t length = std::stoul(buffer.substr(buffer.find("\r\nContent-Length: ") + 18));
      if (buffer.size() < head + length)
        asio::read(socket, asio::dynamic_buffer(buffer), asio::transfer_exactly(head + length - buffer.size()), failure);
      buffer.erase(0, head + length);
      std::string answer = answer_(requests_++);
      const bool close = answer.empty() || answer.ends_with("CLOSE");
      if (answer.ends_with("CLOSE")) answer.resize(answer.size() - 5);
      asio::write(socket, asio::buffer(answer), failure);
      if (close) return void(::shutdown(socket.native_handle(), SHUT_RDWR));
    }
  }

  const Answer answer_;
  asio::io_context context_;
  tcp::acceptor acceptor_{context_, {asio::ip::address_v4::loopback(), 0}};
  std::atomic<int> requests_ = 0, connections_ = 0;
  std::list<tcp::socket> sockets_;
  std::list<std::thread> threads_;
  std::thread accepting_{[this] { accept(); }};
};

std::unique_ptr<System> system_at(const ScriptedServer& server, const RemoteOptions& options = {}) {
  const Signature signature{.inputs = {{.name = "x", .type = DataType::float32, .shape = {1}, .dimension_names = {""}}},
                            .outputs = {}};
  Requests requests(1);
  requests[0].emplace_back(DataType::float32, Shape{1}, 4);
  Result<std::unique_ptr<System>> system = http_system(server.address(), "m", signature, requests, options);
  return *std::move(system);
}

Status ask(System& system) {
  Status answer = Error{ErrorCode::internal, "never answered"};
  EXPECT_TRUE(system.submit(Deadline::never(), [&](const Status& status) { answer = status; }).ok());
  system.wait_below(1);
  return answer;
}

TEST(HttpSystem, AnswersEveryRequestOnceHoweverManyThereAre) {
  ScriptedServer server([](int) { return kOk; });
  const auto system = system_at(server, {.connections = 10});
  std::atomic<int> answers = 0;
  for (int i = 0; i < 2'000; ++i) {
    ASSERT_TRUE(system->submit(Deadline::never(), [&](const Status& status) { answers += status.ok() ? 1 : 0; }).ok());
    if (i % 100 == 0) system->wait_below(5);
  }
  system->wait_below(1);
  EXPECT_EQ(answers, 2'000);
  EXPECT_EQ(server.requests(), 2'000);
  EXPECT_LE(server.connections(), 11);  // one to see whether the server is there
}

TEST(HttpSystem, OneAfterTheOtherNeedsOneConnection) {
  ScriptedServer server([](int) { return kOk; });
  const auto system = system_at(server);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(ask(*system).ok());
  EXPECT_LE(server.connections(), 2);
}

TEST(HttpSystem, TellsRefusalsFromFailures) {
  ScriptedServer server([](int number) {
    const char* status = std::array{"503 No", "429 No", "500 No", "400 No"}.at(static_cast<std::size_t>(number));
    return std::string("HTTP/1.1 ") + status + "\r\nContent-Length: 3\r\n\r\nwhy";
  });
  const auto system = system_at(server);
  for (const ErrorCode code : {ErrorCode::unavailable, ErrorCode::unavailable, ErrorCode::internal, ErrorCode::internal}) {
    const Status answer = ask(*system);
    EXPECT_EQ(answer.error().code, code);
    EXPECT_THAT(answer.error().message, HasSubstr(", why"));
  }
}

TEST(HttpSystem, AsksAgainWhenTheServerHadClosedTheConnection) {
  ScriptedServer server([](int number) { return number % 2 == 0 ? kOk + "CLOSE" : kOk; });
  const auto system = system_at(server);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(ask(*system).ok());
  EXPECT_EQ(server.requests(), 20);
}

TEST(HttpSystem, AsksAgainOnceOnly) {
  ScriptedServer server([](int) { return ""; });
  const auto system = system_at(server);
  const Status answer = ask(*system);
  EXPECT_EQ(answer.error().code, ErrorCode::internal);
  EXPECT_THAT(answer.error().message, HasSubstr("the connection broke"));
  EXPECT_EQ(server.requests(), 1);
}

TEST(HttpSystem, GoesOnAfterAnswersThatAreNone) {
  ScriptedServer server([](int number) {
    return std::array<std::string, 5>{"nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshortCLOSE", kOk + kOk,
                                      "HTTP/1.1 200 OK\r\n\r\nwithout a lengthCLOSE", kOk}
        .at(static_cast<std::size_t>(number));
  });
  const auto system = system_at(server);
  EXPECT_FALSE(ask(*system).ok());
  EXPECT_FALSE(ask(*system).ok());
  EXPECT_TRUE(ask(*system).ok());  // and one that nobody asked for: the connection is given up
  EXPECT_TRUE(ask(*system).ok());
  EXPECT_TRUE(ask(*system).ok());
}

TEST(HttpSystem, GivesUpRequestsThatWaitTooLongForAConnection) {
  std::mutex gate;
  gate.lock();
  ScriptedServer server([&](int) {
    const std::lock_guard wait(gate);
    return kOk;
  });
  const auto system = system_at(server, {.connections = 1});
  std::vector<Status> answers(3);
  const auto submit = [&](std::size_t i, Deadline deadline) {
    ASSERT_TRUE(system->submit(deadline, [&answers, i](const Status& status) { answers[i] = status; }).ok());
  };
  submit(0, Deadline::never());
  submit(1, Deadline{Clock::now()});
  submit(2, Deadline::never());
  gate.unlock();
  system->wait_below(1);
  EXPECT_TRUE(answers[0].ok() && answers[2].ok());
  EXPECT_EQ(answers[1].error().code, ErrorCode::deadline_exceeded);
}

TEST(HttpSystem, FailsWhereNobodyListens) {
  ServerAddress nobody;
  {
    ScriptedServer server([](int) { return kOk; });
    nobody = server.address();
  }
  EXPECT_THAT(http_system(nobody, "m", {}, Requests(1), {}).error().message, HasSubstr("is the server there?"));
}

}  // namespace
}  // namespace staronnx
