// What lines cost that are not written: a program of its own, because it counts every call of operator new.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "staronnx/serve/access_line.h"

namespace {
std::size_t allocations = 0;
}

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t /*size*/) noexcept {
  std::free(memory);
}

namespace staronnx {
namespace {

constexpr const char* kPath = "/v2/models/a_name_that_is_too_long_for_a_short_string/infer";

std::size_t allocations_of_a_request(Log& log) {
  const std::size_t before = allocations;
  const std::optional<AccessLine> access = access_line(log, [] { return AccessLine{"HTTP", "POST", kPath}; });
  if (access) access->write(log, "200");
  log.write(LogLevel::info, kPath, {{"model", kPath}, {"version", 1}});
  return allocations - before;
}

TEST(LogAllocation, IsNoneForLinesThatAreNotWritten) {
  const auto log = *Log::open({{.info = false}, "/dev/null"});
  EXPECT_EQ(allocations_of_a_request(*log), 0U);
  log->change({.info = false, .verbose = 1});
  EXPECT_GT(allocations_of_a_request(*log), 0U);
}

}  // namespace
}  // namespace staronnx
