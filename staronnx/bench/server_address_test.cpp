#include "staronnx/bench/server_address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace staronnx {
namespace {

TEST(ServerAddress, HasProtocolHostAndPort) {
  const ServerAddress http = *server_address("http://localhost:8000");
  EXPECT_EQ(http.protocol, Protocol::http);
  EXPECT_EQ(http.host, "localhost");
  EXPECT_EQ(http.port, "8000");
  const ServerAddress grpc = *server_address("grpc://[::1]:8001/v2");
  EXPECT_EQ(grpc.protocol, Protocol::grpc);
  EXPECT_EQ(grpc.host, "::1");
  EXPECT_EQ(host_and_port(grpc), "[::1]:8001");
  EXPECT_EQ(host_and_port(http), "localhost:8000");
}

TEST(ServerAddress, RefusesAllElse) {
  for (const char* url : {"", "plan/", "127.0.0.1:8000", "https://a:1", "http://", "http://a", "http://:80",
                          "http://a:", "http://a:b", "grpc://[]:1"})
    EXPECT_THAT(server_address(url).error().message, testing::HasSubstr("write http://HOST:PORT or grpc://HOST:PORT")) << url;
}

}  // namespace
}  // namespace staronnx
