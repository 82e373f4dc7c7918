// What a request costs in allocations: a program of its own, because it counts every call of malloc in the process, StarPU's included.
#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstdlib>
#include <functional>
#include <mutex>

#include "staronnx/base/temporary_directory.h"
#include "staronnx/schedule/null_flow_for_test.h"
#include "staronnx/schedule/runtime_state.h"

namespace {
std::atomic<bool> counting = false;
std::atomic<std::size_t> allocations = 0;

void* counted(void* memory) {
  if (counting) ++allocations;
  return memory;
}
}  // namespace

// The C library's own, which these stand in front of.
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void* malloc(std::size_t size) {
  return counted(__libc_malloc(size));
}
void* calloc(std::size_t count, std::size_t size) {
  return counted(__libc_calloc(count, size));
}
void* realloc(void* memory, std::size_t size) {
  return counted(__libc_realloc(memory, size));
}
void* memalign(std::size_t alignment, std::size_t size) {
  return counted(__libc_memalign(alignment, size));
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  return counted(__libc_memalign(alignment, size));
}
int posix_memalign(void** memory, std::size_t alignment, std::size_t size) {
  *memory = counted(__libc_memalign(alignment, size));
  return *memory == nullptr ? ENOMEM : 0;
}
}

namespace staronnx {
namespace {

// Allocations during `count` requests, `in_flight` at a time, after as many that were not counted, many at a time: these use every slot.
std::size_t allocations_of(Flow& flow, int count, int in_flight) {
  std::vector<std::vector<Tensor>> inputs(2 * static_cast<std::size_t>(count));
  for (std::vector<Tensor>& each : inputs) each.emplace_back(DataType::uint8, Shape{1}, 1);
  std::mutex mutex;
  std::condition_variable answered;
  int unanswered = 0;
  constexpr int many = 32;
  const auto wait_below = [&](int most) {
    std::unique_lock lock(mutex);
    answered.wait(lock, [&] { return unanswered < most; });
  };
  const auto done = [&](const Result<Response>& response) {
    if (!response) std::abort();
    const std::lock_guard lock(mutex);
    --unanswered;
    answered.notify_one();
  };
  const auto send = [&](std::size_t begin, std::size_t end, int at_a_time) {
    for (std::size_t i = begin; i < end; ++i) {
      wait_below(at_a_time);
      {
        const std::lock_guard lock(mutex);
        ++unanswered;
      }
      if (!flow.submit(std::move(inputs[i]), {}, std::ref(done))) std::abort();
    }
    wait_below(1);
  };
  send(0, inputs.size() / 2, many);
  allocations = 0;
  counting = true;
  send(inputs.size() / 2, inputs.size(), in_flight);
  counting = false;
  return allocations;
}

class Allocations : public testing::Test {
 protected:
  TemporaryDirectory directory = *TemporaryDirectory::create();
  std::unique_ptr<Runtime> runtime =
      *Runtime::start(*runtime_options(*detect_machine(), "elastic", "staronnx", directory.path()));
};

// None but what a rare coincidence makes grow once, such as a third task where two took turns: fewer than one for a hundred requests.
TEST_F(Allocations, OneRequestAtATimeNeedsNone) {
  for (const std::size_t segments : {1u, 2u, 3u}) {
    const std::unique_ptr<Flow> flow = null_flow(*runtime, segments);
    EXPECT_LT(allocations_of(*flow, 2000, 1), 20u) << segments << " segments";
  }
}

TEST_F(Allocations, ManyRequestsAtOnceNeedNone) {
  for (const std::size_t segments : {1u, 2u, 3u}) {
    const std::unique_ptr<Flow> flow = null_flow(*runtime, segments);
    EXPECT_LT(allocations_of(*flow, 5000, 32), 50u) << segments << " segments";
  }
}

}  // namespace
}  // namespace staronnx
