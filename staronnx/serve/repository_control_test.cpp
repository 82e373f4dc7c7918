#include "staronnx/serve/repository_control.h"

#include <filesystem>
#include <fstream>
#include <future>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "staronnx/base/temporary_directory.h"

namespace staronnx {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

// A repository, and a catalog that can load nothing: what it was asked for is what matters.
class RepositoryControlTest : public testing::Test {
 protected:
  void write(const std::string& file, const std::string& content = "") const {
    fs::create_directories((folder_ / file).parent_path());
    std::ofstream(folder_ / file) << content;
  }

  RepositoryOptions options(ModelControlMode mode, std::set<std::string> load = {}) const {
    RepositoryOptions options;
    options.folders = {folder_};
    options.mode = mode;
    options.load = std::move(load);
    return options;
  }

  std::vector<std::string> asked() {
    catalog_.settle();
    const std::lock_guard lock(mutex_);
    std::vector<std::string> sorted = std::exchange(asked_, {});
    std::ranges::sort(sorted);
    return sorted;
  }

  Status load(RepositoryControl& control, const std::string& name, const GivenModel& given = {}) {
    std::promise<Status> loaded;
    control.load(name, given, [&](const Status& status) { loaded.set_value(status); });
    return loaded.get_future().get();
  }

  const Result<TemporaryDirectory> directory_ = TemporaryDirectory::create();
  const fs::path folder_ = directory_->path();
  std::mutex mutex_;
  std::vector<std::string> asked_;
  Catalog catalog_{[this](const LoadRequest& request) -> Result<std::unique_ptr<ServedModel>> {
    const std::lock_guard lock(mutex_);
    asked_.push_back(request.name + ":" + std::to_string(request.version));
    return Error{ErrorCode::internal, "it is empty"};
  }};
};

TEST_F(RepositoryControlTest, LoadsAllThereIs) {
  write("a/1/model.onnx");
  write("a/2/model.onnx");
  write("b/3/model.onnx");
  RepositoryControl control(catalog_, options(ModelControlMode::none));
  ASSERT_TRUE(control.begin({}).ok());
  EXPECT_THAT(asked(), ElementsAre("a:2", "b:3"));
}

TEST_F(RepositoryControlTest, BlamesWhatCannotBeRead) {
  write("a/1/model.onnx");
  write("a/config.pbtxt", "max_batch_size: many");
  RepositoryControl control(catalog_, options(ModelControlMode::none));
  ASSERT_TRUE(control.begin({}).ok());
  EXPECT_THAT(asked(), ElementsAre());
  EXPECT_FALSE(catalog_.ready());
  EXPECT_THAT(catalog_.index().at(0).reason, HasSubstr("config.pbtxt:1:17"));
}

TEST_F(RepositoryControlTest, FindsWhatIsNewAndOther) {
  write("a/1/model.onnx");
  RepositoryControl control(catalog_, options(ModelControlMode::poll));
  ASSERT_TRUE(control.begin({}).ok());
  EXPECT_THAT(asked(), ElementsAre("a:1"));
  control.look();
  EXPECT_THAT(asked(), ElementsAre());
  write("a/1/model.onnx", "other");
  write("b/1/model.onnx");
  control.look();
  EXPECT_THAT(asked(), ElementsAre("a:1", "b:1"));
  fs::remove_all(folder_ / "a");
  fs::remove_all(folder_ / "b");
  control.look();
  EXPECT_TRUE(catalog_.ready()) << "nothing is there, and nothing is missed";
}

TEST_F(RepositoryControlTest, LoadsAgainOnceAConfigurationIsMended) {
  write("a/1/model.onnx");
  RepositoryControl control(catalog_, options(ModelControlMode::poll));
  ASSERT_TRUE(control.begin({}).ok());
  EXPECT_THAT(asked(), ElementsAre("a:1"));
  write("a/config.pbtxt", "nonsense");
  control.look();
  EXPECT_THAT(asked(), ElementsAre());
  write("a/config.pbtxt", "max_batch_size: 0");
  control.look();
  EXPECT_THAT(asked(), ElementsAre("a:1"));
}

TEST_F(RepositoryControlTest, LoadsOnDemandOnly) {
  write("a/1/model.onnx");
  write("b/1/model.onnx");
  RepositoryControl control(catalog_, options(ModelControlMode::on_demand, {"b"}));
  ASSERT_TRUE(control.begin({}).ok());
  EXPECT_THAT(asked(), ElementsAre("b:1"));
  const std::vector<ModelStatus> index = control.index();
  ASSERT_EQ(index.size(), 2u);
  EXPECT_EQ(index[0].name, "a");
  EXPECT_EQ(index[0].reason, "not loaded");
  EXPECT_EQ(load(control, "a").error().message, "load failed for model 'a': version 1 is at UNAVAILABLE state: it is empty;");
  EXPECT_THAT(load(control, "x").error().message, HasSubstr("failed to load 'x', failed to poll from model repository"));
  EXPECT_THAT(load(control, "../a").error().message, HasSubstr("failed to load '../a'"));
  EXPECT_THAT(load(control, "a", {"{\"max_batch_size\": -1}"}).error().message, HasSubstr("max_batch_size"));
}

TEST_F(RepositoryControlTest, LoadsModelsThatClientsSend) {
  write("b/1/model.onnx");
  RepositoryControl control(catalog_, options(ModelControlMode::on_demand));
  ASSERT_TRUE(control.begin({}).ok());
  const GivenModel given{"{}", {{"3/model.onnx", "x"}, {"labels.txt", "cat"}}};
  EXPECT_THAT(load(control, "a", given).error().message, HasSubstr("version 3 is at UNAVAILABLE state: it is empty;"));
  EXPECT_THAT(load(control, "b", given).error().message, HasSubstr("version 3"));
  EXPECT_THAT(load(control, "b").error().message, HasSubstr("version 1")) << "what was given holds until the next load";
  EXPECT_THAT(load(control, "a").error().message, HasSubstr("failed to poll from model repository"));
}

TEST_F(RepositoryControlTest, WritesNothingBesideAModelThatIsSent) {
  RepositoryControl control(catalog_, options(ModelControlMode::on_demand));
  ASSERT_TRUE(control.begin({}).ok());
  for (const char* file : {"../x", "1/../x", "/x", "1/2/x", "x/model.onnx", "1/..", "01/x", "", "1/"}) {
    EXPECT_THAT(load(control, "a", {"{}", {{file, "x"}}}).error().message, HasSubstr("is no place in a model's folder")) << file;
  }
  for (const char* name : {"../a", "", ".", ".."}) {
    EXPECT_THAT(load(control, name, {"{}", {{"1/model.onnx", "x"}}}).error().message, HasSubstr("cannot be the name of a model"));
  }
  EXPECT_THAT(load(control, "a", {"{}", {{"x", ""}}}).error().message, HasSubstr("has no version"));
}

TEST_F(RepositoryControlTest, RefusesDemandsInOtherModes) {
  write("a/1/model.onnx");
  for (const ModelControlMode mode : {ModelControlMode::none, ModelControlMode::poll}) {
    RepositoryControl control(catalog_, options(mode));
    EXPECT_EQ(load(control, "a").error().code, ErrorCode::unavailable);
    EXPECT_THAT(control.unload("a", false).error().message,
                HasSubstr("explicit model load / unload is not allowed if polling is enabled"));
  }
}

TEST_F(RepositoryControlTest, FailsAtTheStartForWhatIsNotThere) {
  write("a/1/model.onnx");
  RepositoryControl twice(catalog_, options(ModelControlMode::none));
  EXPECT_EQ(twice.begin({"a"}).error().code, ErrorCode::already_exists);
  RepositoryControl none(catalog_, options(ModelControlMode::on_demand, {"x"}));
  EXPECT_EQ(none.begin({}).error().code, ErrorCode::not_found);
  EXPECT_THAT(asked(), ElementsAre());
}

}  // namespace
}  // namespace staronnx
