#include "staronnx/serve/shared_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace staronnx {
namespace {

using testing::HasSubstr;

// An object of this machine's shared memory, as a client makes one.
class Object {
 public:
  explicit Object(off_t size) : descriptor_(shm_open(key_.c_str(), O_RDWR | O_CREAT | O_EXCL, 0600)) { resize(size); }
  ~Object() {
    shm_unlink(key_.c_str());
    close(descriptor_);
  }
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;

  const std::string& key() const { return key_; }
  void resize(off_t size) { EXPECT_EQ(ftruncate(descriptor_, size), 0); }
  void unlink() { shm_unlink(key_.c_str()); }
  void put(char byte, off_t at) { EXPECT_EQ(pwrite(descriptor_, &byte, 1, at), 1); }
  char get(off_t at) {
    char byte = 0;
    EXPECT_EQ(pread(descriptor_, &byte, 1, at), 1);
    return byte;
  }

 private:
  static std::string next_key() {
    static std::atomic<int> made = 0;
    return "/staronnx_test_" + std::to_string(getpid()) + "_" + std::to_string(made++);
  }
  const std::string key_ = next_key();
  const int descriptor_;
};

ErrorCode code_of(const Status& status) {
  return status ? ErrorCode::internal : status.error().code;
}

TEST(SharedMemory, IsReadAndWrittenInThePlaceThatARequestNames) {
  Object object(100);
  SharedMemory memory(true);
  ASSERT_TRUE(memory.add(SharedRegion{"r", object.key(), 10, 50}));
  object.put('x', 10 + 5);
  const Result<SharedBytes> place = memory.find({"r", 5, 2});
  ASSERT_TRUE(place);
  std::array<std::byte, 2> bytes{};
  ASSERT_TRUE(place->read(bytes));
  EXPECT_EQ(static_cast<char>(bytes[0]), 'x');
  bytes[1] = std::byte{'y'};
  ASSERT_TRUE(place->write(bytes));
  EXPECT_EQ(object.get(16), 'y');
}

TEST(SharedMemory, HasBounds) {
  Object object(100);
  SharedMemory memory(true);
  ASSERT_TRUE(memory.add(SharedRegion{"r", object.key(), 0, 50}));
  EXPECT_TRUE(memory.find({"r", 50, 0}));
  EXPECT_EQ(memory.find({"r", 51, 0}).error().message, "Invalid offset for shared memory region: 'r'");
  EXPECT_EQ(memory.find({"r", 1, 50}).error().message, "Invalid offset + byte size for shared memory region: 'r'");
  EXPECT_EQ(memory.find({"r", 1, UINT64_MAX}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(memory.find({"s", 0, 1}).error().code, ErrorCode::not_found);
  std::array<std::byte, 5> bytes{};
  const Result<SharedBytes> place = memory.find({"r", 0, 4});
  EXPECT_THAT(place->write(bytes).error().message, HasSubstr("(4 bytes) should be at least 5 bytes to hold the results"));
}

TEST(SharedMemory, RefusesWhatIsNoRegion) {
  Object object(100);
  SharedMemory memory(true);
  ASSERT_TRUE(memory.add(SharedRegion{"r", object.key(), 0, 100}));
  EXPECT_EQ(code_of(memory.add(SharedRegion{"r", object.key(), 0, 1})), ErrorCode::already_exists);
  EXPECT_EQ(code_of(memory.add(SharedRegion{"", object.key(), 0, 1})), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of(memory.add(SharedRegion{"long", object.key(), 0, 101})), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of(memory.add(SharedRegion{"late", object.key(), 101, 0})), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of(memory.add(SharedRegion{"round", object.key(), 1, UINT64_MAX})), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of(memory.add(SharedRegion{"none", object.key() + "_none", 0, 1})), ErrorCode::not_found);
  for (const std::string key : {"", "/", ".", "..", "/..", "../etc/passwd", "/a/b", "//a", "/../shm/a"})
    EXPECT_THAT(memory.add(SharedRegion{"odd", key, 0, 1}).error().message, HasSubstr("is no key")) << key;
  EXPECT_EQ(memory.status("")->size(), 1u);
}

TEST(SharedMemory, IsOffUnlessAllowed) {
  Object object(100);
  SharedMemory memory(false);
  const Status refused = memory.add(SharedRegion{"r", object.key(), 0, 100});
  EXPECT_EQ(code_of(refused), ErrorCode::unsupported);
  EXPECT_THAT(refused.error().message, HasSubstr("--allow-system-shared-memory"));
  EXPECT_TRUE(memory.status("")->empty());
}

TEST(SharedMemory, StaysForThoseWhoHoldIt) {
  Object object(100);
  SharedMemory memory(true);
  ASSERT_TRUE(memory.add(SharedRegion{"r", object.key(), 0, 100}));
  const Result<SharedBytes> held = memory.find({"r", 0, 1});
  memory.remove("r");
  memory.remove("nobody");
  object.unlink();
  EXPECT_EQ(memory.find({"r", 0, 1}).error().code, ErrorCode::not_found);
  EXPECT_EQ(memory.status("r").error().message, "Unable to find system shared memory region: 'r'");
  object.put('z', 0);
  std::array<std::byte, 1> byte{};
  ASSERT_TRUE(held->read(byte));
  EXPECT_EQ(static_cast<char>(byte[0]), 'z');
}

TEST(SharedMemory, ThatBecameShorterIsAnErrorAndStaysShort) {
  Object object(100);
  SharedMemory memory(true);
  ASSERT_TRUE(memory.add(SharedRegion{"r", object.key(), 0, 100}));
  const Result<SharedBytes> held = memory.find({"r", 50, 50});
  object.resize(60);
  std::array<std::byte, 50> bytes{};
  EXPECT_THAT(held->read(bytes).error().message, HasSubstr("region 'r' has become shorter"));
  EXPECT_THAT(held->write(bytes).error().message, HasSubstr("region 'r' has become shorter"));
  EXPECT_THAT(memory.add(SharedRegion{"s", object.key(), 0, 61}).error().message, HasSubstr("beyond the 60 bytes"));
}

TEST(SharedMemory, HasSoManyRegionsAtMost) {
  Object object(1);
  SharedMemory memory(true);
  Status added;
  int count = 0;
  for (; added && count < 10'000; ++count) added = memory.add(SharedRegion{"r" + std::to_string(count), object.key(), 0, 1});
  EXPECT_EQ(code_of(added), ErrorCode::invalid_argument);
  EXPECT_THAT(added.error().message, HasSubstr("unregister those not needed"));
  memory.remove("");
  EXPECT_TRUE(memory.add(SharedRegion{"r", object.key(), 0, 1}));
}

}  // namespace
}  // namespace staronnx
