#include "staronnx/serve/catalog.h"

#include <future>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace staronnx {
namespace {

using testing::HasSubstr;

// Models that are there: tests/test_serve_http.py. Here are those that are not.
Result<std::unique_ptr<ServedModel>> cannot_load(const LoadRequest& request) {
  return Error{ErrorCode::not_found, request.path.string() + " is not there"};
}

LoadRequest request_for(const std::string& name, std::int64_t version = 1) {
  LoadRequest request;
  request.name = name;
  request.version = version;
  request.path = "gone.onnx";
  return request;
}

TEST(Catalog, SaysWhyAModelIsUnavailable) {
  Catalog catalog(cannot_load);
  ASSERT_TRUE(catalog.load(request_for("m", 3)).ok());
  catalog.settle();
  ASSERT_EQ(catalog.index().size(), 1u);
  EXPECT_EQ(catalog.index()[0].state, ModelState::unavailable);
  EXPECT_EQ(catalog.index()[0].reason, "gone.onnx is not there");
  EXPECT_FALSE(catalog.ready());
  const Error error = catalog.find("m", {}).error();
  EXPECT_EQ(error.code, ErrorCode::unavailable);
  EXPECT_EQ(error.message,
            "Request for unknown model: 'm' has no available versions: version 3 is UNAVAILABLE (gone.onnx is not there)");
}

TEST(Catalog, TellsUnknownModelsFromUnknownVersions) {
  Catalog catalog(cannot_load);
  ASSERT_TRUE(catalog.load(request_for("m")).ok());
  EXPECT_EQ(catalog.find("x", 1).error().message, "Request for unknown model: 'x' is not found");
  EXPECT_EQ(catalog.find("x", 1).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(catalog.find("m", 2).error().message, "Request for unknown model: 'm' version 2 is not found");
  EXPECT_EQ(catalog.find("m", 2).error().code, ErrorCode::not_found);
  EXPECT_EQ(catalog.unload("m", 2).error().code, ErrorCode::not_found);
}

TEST(Catalog, CanBeReadWhileModelsLoad) {
  std::promise<void> go;
  Catalog catalog([gone = go.get_future().share()](const LoadRequest& request) {
    gone.wait();
    return cannot_load(request);
  });
  ASSERT_TRUE(catalog.load(request_for("a")).ok());
  ASSERT_TRUE(catalog.load(request_for("b")).ok());
  EXPECT_EQ(catalog.index()[1].state, ModelState::loading);
  EXPECT_FALSE(catalog.ready());
  EXPECT_THAT(catalog.find("a", 1).error().message, HasSubstr("'a' version 1 is not at ready state"));
  EXPECT_EQ(catalog.load(request_for("a")).error().code, ErrorCode::already_exists);
  go.set_value();
  catalog.settle();
  EXPECT_EQ(catalog.index()[0].state, ModelState::unavailable);
}

TEST(Catalog, DoesNotMissWhatWasUnloaded) {
  Catalog catalog(cannot_load);
  ASSERT_TRUE(catalog.load(request_for("m")).ok());
  catalog.settle();
  EXPECT_TRUE(catalog.unload("m", 1).ok());
  EXPECT_TRUE(catalog.ready());
  EXPECT_EQ(catalog.index()[0].reason, "unloaded");
  EXPECT_EQ(catalog.unload("m", 1).error().code, ErrorCode::not_found);
}

TEST(Catalog, KnowsModelsByWhatIsWrongWithThem) {
  Catalog catalog(cannot_load);
  catalog.blame("m", "config.pbtxt:1:1: no");
  EXPECT_FALSE(catalog.ready());
  ASSERT_EQ(catalog.index().size(), 1u);
  EXPECT_EQ(catalog.index()[0].version, 0);
  EXPECT_EQ(catalog.find("m", {}).error().message,
            "Request for unknown model: 'm' has no available versions: config.pbtxt:1:1: no");
  catalog.blame("m", "");
  EXPECT_TRUE(catalog.ready());
  EXPECT_TRUE(catalog.index().empty());
}

TEST(Catalog, SaysHowLoadingEnded) {
  std::promise<Status> ended;
  Catalog catalog(cannot_load);
  ASSERT_TRUE(catalog.load(request_for("m"), [&](const Status& status) { ended.set_value(status); }).ok());
  EXPECT_EQ(ended.get_future().get().error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace staronnx
