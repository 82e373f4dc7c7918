#include "staronnx/base/write_file.h"

#include <sys/stat.h>

#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "staronnx/base/temporary_directory.h"

namespace staronnx {
namespace {

namespace fs = std::filesystem;

class WriteFile : public testing::Test {
 protected:
  static std::string content_of(const fs::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  TemporaryDirectory temporary_ = *TemporaryDirectory::create();
  const fs::path folder_ = temporary_.path();
};

TEST_F(WriteFile, MakesFoldersAndReplaces) {
  const fs::path file = folder_ / "a" / "b.txt";
  ASSERT_TRUE(write_file(file, "one").ok());
  ASSERT_TRUE(write_file(file, std::string("tw\0o", 4)).ok());
  EXPECT_EQ(content_of(file), std::string("tw\0o", 4));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "a"), {}), 1);
}

TEST_F(WriteFile, FailsWithTheNameOfTheFileAndLeavesNothing) {
  ASSERT_TRUE(write_file(folder_ / "file", "x").ok());
  Status below_a_file = write_file(folder_ / "file" / "below", "y");
  ASSERT_FALSE(below_a_file.ok());
  EXPECT_NE(below_a_file.error().message.find("below"), std::string::npos);
  EXPECT_EQ(content_of(folder_ / "file"), "x");

  fs::create_directory(folder_ / "taken");
  EXPECT_FALSE(write_file(folder_ / "taken", "y").ok());
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 2);
}

TEST_F(WriteFile, KeepsWhatIsNoPlainFile) {
  ASSERT_EQ(mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  fs::create_symlink(folder_ / "pipe", folder_ / "link");  // as /dev/stdout is one
  for (const char* name : {"pipe", "link"}) {
    Status written = write_file(folder_ / name, "y");
    ASSERT_FALSE(written.ok());
    EXPECT_NE(written.error().message.find("no plain file"), std::string::npos);
    EXPECT_TRUE(fs::is_fifo(folder_ / name));
  }
}

}  // namespace
}  // namespace staronnx
