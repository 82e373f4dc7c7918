#include "staronnx/serve/repository.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "staronnx/base/temporary_directory.h"
#include "staronnx/base/write_file.h"

namespace staronnx {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Repository : public testing::Test {
 protected:
  void put(const std::string& file, const std::string& content = "model") {
    fs::create_directories((root() / file).parent_path());
    ASSERT_TRUE(write_file(root() / file, content).ok());
  }
  fs::path root() const { return folder_->path(); }
  RepositoryContent content() const {
    const std::vector<fs::path> all{root()};
    Result<RepositoryContent> found = look_at(all);
    EXPECT_TRUE(found.ok());
    return *std::move(found);
  }
  std::vector<std::int64_t> versions(const std::string& name) const {
    const Result<RepositoryModel> model = look_at_model(root(), name);
    EXPECT_TRUE(model.ok()) << model.error().message;
    std::vector<std::int64_t> numbers;
    for (const auto& [number, version] : model->versions) numbers.push_back(number);
    return numbers;
  }
  std::string refusal(const std::string& name) const {
    const Result<RepositoryModel> model = look_at_model(root(), name);
    return model ? "" : model.error().message;
  }

 private:
  Result<TemporaryDirectory> folder_ = TemporaryDirectory::create();
};

TEST_F(Repository, FindsModelsAndTheirNewestVersion) {
  put("a/1/model.onnx");
  put("a/10/model.onnx");
  put("a/9/model.onnx");
  put("b/2/model.onnx");
  put("b/labels.txt");
  put("README.md");
  put(".git/1/model.onnx");
  EXPECT_THAT(content(), ElementsAre(testing::Key("a"), testing::Key("b")));
  EXPECT_THAT(versions("a"), ElementsAre(10));
  EXPECT_EQ(*look_at_model(root(), "b")->versions.at(2).model, root() / "b/2/model.onnx");
}

TEST_F(Repository, ServesVersionsByPolicy) {
  for (const char* version : {"1", "2", "3", "05", "x", "0", "-1", "3a"}) put("m/" + std::string(version) + "/model.onnx");
  put("m/config.pbtxt", "version_policy { all { } }");
  EXPECT_THAT(versions("m"), ElementsAre(1, 2, 3));
  put("m/config.pbtxt", "version_policy { latest { num_versions: 2 } }");
  EXPECT_THAT(versions("m"), ElementsAre(2, 3));
  put("m/config.pbtxt", "version_policy { latest { num_versions: 9 } }");
  EXPECT_THAT(versions("m"), ElementsAre(1, 2, 3));
  put("m/config.pbtxt", "version_policy { specific { versions: [1, 3] } }");
  EXPECT_THAT(versions("m"), ElementsAre(1, 3));
}

TEST_F(Repository, MissingFilesAreNamed) {
  put("m/1/other.onnx");
  EXPECT_THAT(look_at_model(root(), "m")->versions.at(1).model.error().message,
              HasSubstr("'" + (root() / "m/1/model.onnx").string() + "' is missing"));
  put("m/config.pbtxt", "default_model_filename: 'other.onnx'");
  EXPECT_TRUE(look_at_model(root(), "m")->versions.at(1).model.ok());
  put("m/config.pbtxt", "default_model_filename: 'other.onnx' version_policy { specific { versions: [1, 7] } }");
  EXPECT_THAT(look_at_model(root(), "m")->versions.at(7).model.error().message,
              HasSubstr("'" + (root() / "m/7/other.onnx").string() + "' is missing"));
}

TEST_F(Repository, ModelsThatCannotBeServedSayWhy) {
  put("empty/config.pbtxt", "");
  put("wrong/config.pbtxt", "max_batch_size: x");
  put("wrong/1/model.onnx");
  put("other/config.pbtxt", "name: 'another'");
  EXPECT_THAT(refusal("empty"), HasSubstr("empty' has no version; put the model there as '1/model.onnx'"));
  EXPECT_THAT(refusal("wrong"), HasSubstr("wrong/config.pbtxt:1:17: Expected integer"));
  EXPECT_THAT(refusal("other"), HasSubstr("name is 'another', but the model is 'other'"));
  EXPECT_THAT(refusal("none"), HasSubstr("there is no model 'none' in"));
  for (const char* name : {"../m", "", ".", ".."}) EXPECT_THAT(refusal(name), HasSubstr("there is no model"));
  EXPECT_EQ(content().size(), 3U);
}

TEST_F(Repository, ANameInTwoRepositoriesIsServedOutOfNone) {
  put("one/m/1/model.onnx");
  put("two/m/1/model.onnx");
  put("two/n/1/model.onnx");
  const std::vector<fs::path> both{root() / "one", root() / "two"};
  const Result<RepositoryContent> found = look_at(both);
  ASSERT_TRUE(found.ok());
  EXPECT_THAT(found->at("m").error().message, HasSubstr("'m' is in more than one repository"));
  EXPECT_TRUE(found->at("n").ok());
}

TEST_F(Repository, ThatCannotBeReadIsAnError) {
  const std::vector<fs::path> nowhere{root() / "nowhere"};
  EXPECT_THAT(look_at(nowhere).error().message, HasSubstr("nowhere' cannot be read: No such file"));
}

TEST_F(Repository, NothingChangedIsNothingToDo) {
  put("m/1/model.onnx");
  EXPECT_THAT(changes_between(content(), content()).load, IsEmpty());
  EXPECT_THAT(changes_between(content(), content()).unload, IsEmpty());
}

TEST_F(Repository, ChangesAreLoadedAndWhatIsGoneUnloaded) {
  put("same/1/model.onnx");
  put("changed/1/model.onnx");
  put("gone/1/model.onnx");
  put("replaced/1/model.onnx");
  const RepositoryContent before = content();
  put("changed/1/model.onnx", "another model");
  fs::remove_all(root() / "gone");
  put("replaced/2/model.onnx");
  put("new/1/model.onnx");
  const RepositoryChanges changes = changes_between(before, content());
  EXPECT_THAT(changes.load, ElementsAre(ModelVersion{"changed", 1}, ModelVersion{"new", 1}, ModelVersion{"replaced", 2}));
  EXPECT_THAT(changes.unload, ElementsAre(ModelVersion{"gone", 1}, ModelVersion{"replaced", 1}));
}

// As who removes a folder removes what is in it first.
TEST_F(Repository, WhatWasHalfGoneIsUnloadedWhenItIsGone) {
  put("m/1/model.onnx");
  fs::remove(root() / "m/1/model.onnx");
  const RepositoryContent half_gone = content();
  fs::remove_all(root() / "m");
  EXPECT_THAT(changes_between(half_gone, content()).unload, ElementsAre(ModelVersion{"m", 1}));
}

TEST_F(Repository, AnotherConfigurationOrTimeIsAChange) {
  put("m/1/model.onnx");
  put("m/1/weights/w.bin");
  const RepositoryContent before = content();
  fs::last_write_time(root() / "m/1/weights/w.bin", fs::file_time_type::clock::now() + std::chrono::hours(1));
  EXPECT_THAT(changes_between(before, content()).load, ElementsAre(ModelVersion{"m", 1}));
  const RepositoryContent then = content();
  put("m/config.pbtxt", "max_batch_size: 2");
  EXPECT_THAT(changes_between(then, content()).load, ElementsAre(ModelVersion{"m", 1}));
}

TEST_F(Repository, AMistakeTakesNoModelAway) {
  put("m/1/model.onnx");
  const RepositoryContent before = content();
  put("m/config.pbtxt", "max_batch_size: x");
  const RepositoryChanges changes = changes_between(before, content());
  EXPECT_THAT(changes.load, IsEmpty());
  EXPECT_THAT(changes.unload, IsEmpty());
}

}  // namespace
}  // namespace staronnx
