#include "staronnx/schedule/gathering.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio.hpp>
#include <future>
#include <mutex>
#include <thread>

namespace staronnx {
namespace {

using boost::asio::ip::tcp;
using testing::Contains;
using testing::HasSubstr;

const NodeIdentity kNode{"a node", {{3, 4}, 1}};

// A server that waits for one node, its address known.
class Waiting {
 public:
  explicit Waiting(NodesOptions options = {}) {
    options.count = 1;
    options.progress = [this](std::string_view news) {
      const std::lock_guard lock(mutex_);
      news_.emplace_back(news);
      if (const std::size_t at = news.find("--join "); at != std::string_view::npos)
        address_.set_value(std::string(news.substr(at + 7)));
    };
    gathered = std::async(std::launch::async, [options] { return Gathering::of(options); });
    address = address_.get_future().get();
  }

  std::vector<std::string> news() {
    const std::lock_guard lock(mutex_);
    return news_;
  }

  std::string address;
  std::future<Result<std::unique_ptr<Gathering>>> gathered;

 private:
  std::mutex mutex_;
  std::vector<std::string> news_;
  std::promise<std::string> address_;
};

// What the server says to somebody who says `words`.
std::string answer_to(const std::string& address, const std::string& words) {
  tcp::iostream stream(address.substr(0, address.find(':')), address.substr(address.find(':') + 1));
  stream << words << std::flush;
  std::string answer;
  std::getline(stream, answer);
  return answer;
}

// The end of the server ends the node, which is the same process here.
void a_node_comes() {
  Waiting server;
  std::future<Result<Invitation>> joined = std::async(std::launch::async, [&] { return join(server.address, kNode); });
  const Result<std::unique_ptr<Gathering>> gathering = server.gathered.get();
  ASSERT_TRUE(gathering) << gathering.error().message;
  EXPECT_EQ((*gathering)->nodes(), std::vector{kNode});
  ASSERT_TRUE((*gathering)->release());
  const Result<Invitation> invitation = joined.get();
  ASSERT_TRUE(invitation) << invitation.error().message;
  EXPECT_EQ(invitation->count, 1u);
  EXPECT_EQ(invitation->number, 0u);
  EXPECT_EQ(invitation->address, "127.0.0.1:" + std::to_string((*gathering)->port()));
  std::_Exit(testing::Test::HasFailure() ? 1 : 0);
}

TEST(Gathering, TellsTheNodeWhereStarpuListens) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(a_node_comes(), testing::ExitedWithCode(0), "");
}

TEST(Gathering, RefusesWhoIsNoNodeOrOfAnotherVersionAndGoesOnWaiting) {
  NodesOptions options;
  options.timeout = Seconds(2);
  Waiting server(options);
  EXPECT_THAT(answer_to(server.address, "GET / HTTP/1.1\r\n"), HasSubstr("refused this is where nodes of StarONNX meet"));
  EXPECT_THAT(answer_to(server.address, "staronnx-node 0.0.0 0 1 other\n"), HasSubstr("install the same version on both"));
  EXPECT_THAT(answer_to(server.address, "staronnx-node " STARONNX_VERSION " 0 one other\n"), HasSubstr("names no cores"));
  const Result<std::unique_ptr<Gathering>> gathering = server.gathered.get();
  ASSERT_FALSE(gathering);
  EXPECT_EQ(gathering.error().code, ErrorCode::deadline_exceeded);
  EXPECT_THAT(gathering.error().message, HasSubstr("0 of 1 nodes came to " + server.address));
  EXPECT_THAT(server.news(), Contains(HasSubstr("a connection was refused")));
}

TEST(Gathering, RefusesAddressesThatAreNone) {
  for (const char* address : {"", "localhost", "127.0.0.1:", ":80", "127.0.0.1:port", "127.0.0.1:70000", "::1:80"}) {
    NodesOptions options;
    options.count = 1;
    options.listen = address;
    const Result<std::unique_ptr<Gathering>> gathering = Gathering::of(options);
    ASSERT_FALSE(gathering) << address;
    EXPECT_EQ(gathering.error().code, ErrorCode::invalid_argument) << address;
    EXPECT_THAT(gathering.error().message, HasSubstr(std::string("'") + address + "'"));
  }
}

TEST(Gathering, FailsWhereAnotherListens) {
  Waiting first({.timeout = Seconds(1)});
  const Result<std::unique_ptr<Gathering>> second = Gathering::of({.count = 1, .listen = first.address});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::unavailable);
  EXPECT_THAT(second.error().message, HasSubstr("cannot listen at " + first.address));
}

TEST(Gathering, ANodeFindsNoServer) {
  const Result<Invitation> invitation = join("127.0.0.1:1", kNode);
  ASSERT_FALSE(invitation);
  EXPECT_EQ(invitation.error().code, ErrorCode::unavailable);
  EXPECT_THAT(invitation.error().message, HasSubstr("no server listens for nodes at 127.0.0.1:1"));
}

}  // namespace
}  // namespace staronnx
