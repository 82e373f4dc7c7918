#include <cuda_runtime_api.h>

#include <array>
#include <memory>
#include <string>

#include "staronnx/machine/best_time.h"
#include "staronnx/machine/gpus.h"

namespace staronnx {
namespace {

struct Unpin {
  void operator()(std::byte* host) const { cudaHostUnregister(host); }
};
using Pinned = std::unique_ptr<std::byte, Unpin>;

struct FreeOnGpu {
  void operator()(void* memory) const { cudaFree(memory); }
};
using GpuMemory = std::unique_ptr<void, FreeOnGpu>;

std::string pci_bus_id_of(int ordinal) {
  std::array<char, 32> text{};
  return cudaDeviceGetPCIBusId(text.data(), static_cast<int>(text.size()), ordinal) == cudaSuccess ? text.data() : "";
}

Status checked(const Gpu& gpu, const char* doing, cudaError_t code) {
  if (code == cudaSuccess) return {};
  return Error{ErrorCode::unavailable, "GPU " + std::to_string(gpu.ordinal) + " (" + gpu.name + "): " + doing +
                                           " failed: " + cudaGetErrorString(code) + "; see nvidia-smi for what uses it"};
}

constexpr std::size_t smallest = 4;  // bytes, one float: what its copy takes is the latency

// The best time of copies of `size` bytes, from the call until the data is there.
Result<Microseconds> copy_time(const Gpu& gpu, void* to, const void* from, std::size_t size, Microseconds enough) {
  return best_time(enough, [&] {
    const cudaError_t started = cudaMemcpyAsync(to, from, size, cudaMemcpyDefault, cudaStreamPerThread);
    return checked(gpu, "copying", started == cudaSuccess ? cudaStreamSynchronize(cudaStreamPerThread) : started);
  });
}

Result<Link> measured(const Gpu& gpu, Link link, void* to, const void* from, std::size_t size, Microseconds enough) {
  Result<Microseconds> latency = copy_time(gpu, to, from, smallest, enough);
  if (!latency) return latency.error();
  Result<Microseconds> time = copy_time(gpu, to, from, size, enough);
  if (!time) return time.error();
  link.latency = *latency;
  link.bandwidth = BytesPerSecond{static_cast<double>(size) / Seconds(*time).count()};
  return link;
}

}  // namespace

std::vector<Gpu> detect_gpus() {
  int count = 0;
  if (cudaGetDeviceCount(&count) != cudaSuccess) return {};
  std::vector<Gpu> gpus;
  for (int ordinal = 0; ordinal < count; ++ordinal) {
    cudaDeviceProp properties{};
    if (cudaGetDeviceProperties(&properties, ordinal) != cudaSuccess) continue;
    gpus.push_back({.ordinal = ordinal,
                    .name = properties.name,
                    .memory = Bytes{properties.totalGlobalMem},
                    .pci_bus_id = pci_bus_id_of(ordinal),
                    .speed = std::nullopt});
  }
  return gpus;
}

Result<std::vector<Link>> measure_gpu_links(const Gpu& gpu, int node, std::span<std::byte> host, Microseconds enough) {
  if (Status done = checked(gpu, "taking it", cudaSetDevice(gpu.ordinal)); !done) return done.error();
  if (Status done = checked(gpu, "pinning memory", cudaHostRegister(host.data(), host.size(), cudaHostRegisterDefault)); !done) {
    return done.error();
  }
  const Pinned pinned(host.data());
  void* raw = nullptr;
  if (Status done = checked(gpu, "taking memory", cudaMalloc(&raw, host.size())); !done) return done.error();
  const GpuMemory there(raw);

  const Memory near{MemoryKind::numa_node, node}, far{MemoryKind::gpu, gpu.ordinal};
  Result<Link> to_gpu = measured(gpu, {near, far, {}}, raw, host.data(), host.size(), enough);
  if (!to_gpu) return to_gpu.error();
  Result<Link> from_gpu = measured(gpu, {far, near, {}}, host.data(), raw, host.size(), enough);
  if (!from_gpu) return from_gpu.error();
  return std::vector<Link>{*to_gpu, *from_gpu};
}

}  // namespace staronnx
