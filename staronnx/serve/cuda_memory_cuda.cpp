#include <cuda_runtime_api.h>

#include <cstring>
#include <string>

#include "staronnx/serve/cuda_memory.h"

namespace staronnx {
namespace {

// The calling thread's GPU, until the end of the block.
class OnDevice {
 public:
  explicit OnDevice(int device) {
    cudaGetDevice(&before_);
    failure_ = cudaSetDevice(device);
  }
  ~OnDevice() { cudaSetDevice(before_); }
  OnDevice(const OnDevice&) = delete;
  OnDevice& operator=(const OnDevice&) = delete;

  cudaError_t failure() const { return failure_; }

 private:
  int before_ = 0;
  cudaError_t failure_ = cudaSuccess;
};

class CudaMemory final : public SharedObject {
 public:
  CudaMemory(std::string name, int device, void* memory)
      : name_(std::move(name)), device_(device), memory_(static_cast<std::byte*>(memory)) {}
  ~CudaMemory() override {
    const OnDevice device(device_);
    cudaIpcCloseMemHandle(memory_);
  }

  Status read(std::uint64_t begin, std::span<std::byte> into) const override {
    return copy(into.data(), memory_ + begin, into.size());
  }
  Status write(std::uint64_t begin, std::span<const std::byte> from) const override {
    return copy(memory_ + begin, from.data(), from.size());
  }

 private:
  Status copy(void* to, const void* from, std::size_t size) const {
    const OnDevice device(device_);
    cudaError_t failure = cudaMemcpyAsync(to, from, size, cudaMemcpyDefault, cudaStreamPerThread);
    if (failure == cudaSuccess) failure = cudaStreamSynchronize(cudaStreamPerThread);
    if (failure == cudaSuccess) return {};
    return Error{ErrorCode::invalid_argument, "CUDA shared memory region '" + name_ + "': " + cudaGetErrorString(failure) +
                                                  "; is the client's allocation still there, and as large as it was said to be?"};
  }

  const std::string name_;
  const int device_;
  std::byte* const memory_;
};

}  // namespace

Result<std::shared_ptr<const SharedObject>> open_cuda_memory(const CudaRegion& region) {
  const std::string of = "CUDA shared memory region '" + region.name + "'";
  int devices = 0;
  if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0)
    return Error{ErrorCode::unsupported,
                 of + " is not registered: this machine has no GPU; use system shared memory, or send the bytes"};
  const auto invalid = [&](const std::string& why) {
    return Error{ErrorCode::invalid_argument, "failed to register " + of + ": " + why};
  };
  if (region.device < 0 || region.device >= devices)
    return invalid("there is no GPU " + std::to_string(region.device) + "; this machine has " + std::to_string(devices));
  cudaIpcMemHandle_t handle{};
  if (region.handle.size() != sizeof handle)
    return invalid("its handle has " + std::to_string(region.handle.size()) + " bytes; a cudaIpcMemHandle_t has " +
                   std::to_string(sizeof handle));
  std::memcpy(&handle, region.handle.data(), sizeof handle);
  const auto number = static_cast<int>(region.device);
  const OnDevice device(number);
  void* memory = nullptr;
  cudaError_t failure = device.failure();
  if (failure == cudaSuccess) failure = cudaIpcOpenMemHandle(&memory, handle, cudaIpcMemLazyEnablePeerAccess);
  if (failure != cudaSuccess) return invalid(cudaGetErrorString(failure));
  return std::shared_ptr<const SharedObject>(std::make_shared<const CudaMemory>(region.name, number, memory));
}

}  // namespace staronnx
