#include "staronnx/base/read_file.h"

#include <gtest/gtest.h>

#include "staronnx/base/temporary_directory.h"
#include "staronnx/base/write_file.h"

namespace staronnx {
namespace {

TEST(ReadFile, GivesWhatWasWritten) {
  const TemporaryDirectory folder = *TemporaryDirectory::create();
  for (const std::string& content : {std::string(), std::string("one\ntwo\0three", 13)}) {
    ASSERT_TRUE(write_file(folder.path() / "file", content));
    EXPECT_EQ(read_file(folder.path() / "file"), content);
  }
}

TEST(ReadFile, WhatIsNotThereOrIsAFolderCannotBeRead) {
  const TemporaryDirectory folder = *TemporaryDirectory::create();
  EXPECT_EQ(read_file(folder.path() / "nothing"), std::nullopt);
  EXPECT_EQ(read_file(folder.path()), std::nullopt);
}

}  // namespace
}  // namespace staronnx
