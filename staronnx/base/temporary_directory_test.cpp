#include "staronnx/base/temporary_directory.h"

#include <fstream>
#include <optional>
#include <utility>

#include <gtest/gtest.h>

namespace staronnx {
namespace {

namespace fs = std::filesystem;

TEST(TemporaryDirectory, GoesAwayWithItsContent) {
  fs::path path;
  {
    Result<TemporaryDirectory> directory = TemporaryDirectory::create();
    ASSERT_TRUE(directory.ok());
    path = directory->path();
    std::ofstream(path / "file") << "x";
    EXPECT_TRUE(fs::exists(path / "file"));
  }
  EXPECT_FALSE(fs::exists(path));
}

TEST(TemporaryDirectory, MovesWithItsOwner) {
  std::optional<TemporaryDirectory> second;
  fs::path path;
  {
    TemporaryDirectory first = *TemporaryDirectory::create();
    path = first.path();
    second.emplace(std::move(first));
  }
  EXPECT_TRUE(fs::exists(path));
  second.reset();
  EXPECT_FALSE(fs::exists(path));
}

}  // namespace
}  // namespace staronnx
