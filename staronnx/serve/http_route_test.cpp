#include "staronnx/serve/http_route.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace staronnx {
namespace {

std::optional<HttpRoute> routed(std::string_view method, std::string_view target) {
  const auto result = http_route(method, target);
  const auto* route = std::get_if<HttpRoute>(&result);
  return route == nullptr ? std::nullopt : std::optional(*route);
}

unsigned refused(std::string_view method, std::string_view target) {
  const auto result = http_route(method, target);
  const auto* answer = std::get_if<HttpAnswer>(&result);
  return answer == nullptr ? 0 : answer->status;
}

TEST(HttpRoute, KnowsThePathsOfTheProtocol) {
  EXPECT_EQ(routed("GET", "/v2"), (HttpRoute{HttpEndpoint::server_metadata}));
  EXPECT_EQ(routed("GET", "/v2/"), (HttpRoute{HttpEndpoint::server_metadata}));
  EXPECT_EQ(routed("GET", "/v2/models/stats"), (HttpRoute{HttpEndpoint::all_statistics}));
  EXPECT_EQ(routed("GET", "/v2/models/m"), (HttpRoute{HttpEndpoint::model_metadata, "m"}));
  EXPECT_EQ(routed("GET", "/v2/models/m/versions/7/config"), (HttpRoute{HttpEndpoint::model_config, "m", 7}));
  EXPECT_EQ(routed("POST", "/v2/models/m/versions/7/infer?verbose=1"), (HttpRoute{HttpEndpoint::infer, "m", 7}));
  EXPECT_EQ(routed("POST", "/v2/repository/index"), (HttpRoute{HttpEndpoint::repository_index}));
  EXPECT_EQ(routed("GET", "/v2/trace/setting"), (HttpRoute{HttpEndpoint::trace_settings}));
  EXPECT_EQ(routed("POST", "/v2/models/m/trace/setting"), (HttpRoute{HttpEndpoint::change_trace_settings, "m"}));
}

TEST(HttpRoute, DecodesNames) {
  EXPECT_EQ(routed("GET", "/v2/models/a%20b%2Fc/ready"), (HttpRoute{HttpEndpoint::model_ready, "a b/c"}));
  EXPECT_EQ(refused("GET", "/v2/models/a%2"), 400u);
  EXPECT_EQ(refused("GET", "/v2/models/a%zz"), 400u);
  EXPECT_EQ(refused("GET", "/v2/models/a%+1"), 400u);
}

TEST(HttpRoute, RefusesUnknownPathsAndVersions) {
  for (const char* target :
       {"/", "", "*", "v2", "/v1", "/v2/models", "/v2/models/", "/v2/models//ready", "/v2/models/m/versions/x",
        "/v2/models/m/versions/-1", "/v2/models/m/versions/", "/v2/models/m/versions/99999999999999999999",
        "/v2/models/m/infer/more", "/v2/health", "http://host/v2"})
    EXPECT_EQ(refused("GET", target), 404u) << target;
}

TEST(HttpRoute, SaysWhichMethodAPathTakes) {
  const auto result = http_route("GET", "/v2/models/m/infer");
  const auto& answer = std::get<HttpAnswer>(result);
  EXPECT_EQ(answer.status, 405u);
  EXPECT_THAT(answer.fields, testing::Contains(testing::Pair("Allow", "POST")));
  EXPECT_EQ(refused("DELETE", "/v2"), 405u);
  EXPECT_EQ(refused("HEAD", "/v2/health/live"), 405u);
}

}  // namespace
}  // namespace staronnx
