// In builds with CUDA. The memory is another process's, as CUDA opens no handle where it was made; what needs a GPU is skipped where there is
// none.
#include <cuda_runtime_api.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <stdexcept>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "staronnx/serve/shared_memory.h"

namespace staronnx {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t kBytes = 64;

// A process with memory on GPU 0, full of 'x'. It is begun before this one uses CUDA, which does not survive fork().
class Client {
 public:
  Client() {
    if (pipe(to_us_.data()) != 0 || pipe(to_client_.data()) != 0) throw std::runtime_error("no pipe");
    process_ = fork();
    if (process_ == 0) be_client();
    close(to_us_[1]);
    handle_.resize(sizeof(cudaIpcMemHandle_t));
    if (::read(to_us_[0], handle_.data(), handle_.size()) != static_cast<ssize_t>(handle_.size())) handle_.clear();
  }
  ~Client() { end(); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  const std::string& handle() const { return handle_; }  // empty without a GPU

  // What its memory begins with at the end.
  char end() {
    char first = 0;
    if (process_ == 0) return first;
    EXPECT_EQ(::write(to_client_[1], "e", 1), 1);
    EXPECT_EQ(::read(to_us_[0], &first, handle_.empty() ? 0 : 1), handle_.empty() ? 0 : 1);
    waitpid(process_, nullptr, 0);
    process_ = 0;
    return first;
  }

 private:
  [[noreturn]] void be_client() {
    int gpus = 0;
    void* memory = nullptr;
    cudaIpcMemHandle_t handle{};
    const bool made = cudaGetDeviceCount(&gpus) == cudaSuccess && gpus > 0 && cudaMalloc(&memory, kBytes) == cudaSuccess &&
                      cudaMemset(memory, 'x', kBytes) == cudaSuccess && cudaDeviceSynchronize() == cudaSuccess &&
                      cudaIpcGetMemHandle(&handle, memory) == cudaSuccess;
    if (!made || ::write(to_us_[1], &handle, sizeof handle) < 0) _exit(1);
    char word = 0;
    if (::read(to_client_[0], &word, 1) != 1 || cudaMemcpy(&word, memory, 1, cudaMemcpyDefault) != cudaSuccess) _exit(1);
    _exit(::write(to_us_[1], &word, 1) == 1 ? 0 : 1);
  }

  std::array<int, 2> to_us_{}, to_client_{};
  pid_t process_ = 0;
  std::string handle_;
};

TEST(CudaMemory, IsReadAndWrittenWhereAClientMadeItAndRefusedElse) {
  Client client;
  if (client.handle().empty()) GTEST_SKIP() << "there is no GPU";
  SharedMemory memory(false);
  ASSERT_TRUE(memory.add(CudaRegion{"r", client.handle(), 0, kBytes}));
  const Result<SharedBytes> place = memory.find({"r", 0, 4});
  ASSERT_TRUE(place);
  std::array<std::byte, 4> bytes{};
  ASSERT_TRUE(place->read(bytes));
  EXPECT_EQ(static_cast<char>(bytes[3]), 'x');
  bytes.fill(std::byte{'y'});
  ASSERT_TRUE(place->write(bytes));
  memory.remove_cuda("r");
  EXPECT_EQ(memory.find({"r", 0, 4}).error().code, ErrorCode::not_found);
  EXPECT_EQ(client.end(), 'y');

  EXPECT_THAT(memory.add(CudaRegion{"r", "short", 0, 8}).error().message, HasSubstr("its handle has 5 bytes"));
  EXPECT_THAT(memory.add(CudaRegion{"r", std::string(64, 'x'), 1000, 8}).error().message, HasSubstr("there is no GPU 1000"));
  EXPECT_EQ(memory.add(CudaRegion{"r", std::string(64, 'x'), 0, 8}).error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace staronnx
