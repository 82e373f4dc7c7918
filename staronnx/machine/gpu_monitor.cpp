#include "staronnx/machine/gpu_monitor.h"

#include <dlfcn.h>

#include <array>
#include <optional>

namespace staronnx {
namespace {

// Of NVML: its device handle, and its structures for nvmlDeviceGetUtilizationRates() and nvmlDeviceGetMemoryInfo().
using Device = void*;
struct Utilization {
  unsigned gpu = 0, memory = 0;  // per cent
};
struct MemoryInfo {
  unsigned long long total = 0, free = 0, used = 0;  // bytes
};

constexpr int kSuccess = 0;

struct Unload {
  void operator()(void* library) const { dlclose(library); }
};
using Library = std::unique_ptr<void, Unload>;

template <class Function>
bool find(void* library, const char* name, Function*& function) {
  function = reinterpret_cast<Function*>(dlsym(library, name));
  return function != nullptr;
}

}  // namespace

struct GpuMonitor::State {
  Library library;
  int (*init)() = nullptr;
  int (*shutdown)() = nullptr;
  int (*count)(unsigned*) = nullptr;
  int (*device)(unsigned, Device*) = nullptr;
  int (*uuid)(Device, char*, unsigned) = nullptr;
  int (*utilization)(Device, Utilization*) = nullptr;
  int (*memory)(Device, MemoryInfo*) = nullptr;
  int (*power)(Device, unsigned*) = nullptr;  // milliwatts, as the limit
  int (*power_limit)(Device, unsigned*) = nullptr;

  bool load() {
    void* from = library.get();
    return find(from, "nvmlInit_v2", init) && find(from, "nvmlShutdown", shutdown) &&
           find(from, "nvmlDeviceGetCount_v2", count) && find(from, "nvmlDeviceGetHandleByIndex_v2", device) &&
           find(from, "nvmlDeviceGetUUID", uuid) && find(from, "nvmlDeviceGetUtilizationRates", utilization) &&
           find(from, "nvmlDeviceGetMemoryInfo", memory) && find(from, "nvmlDeviceGetPowerUsage", power) &&
           find(from, "nvmlDeviceGetEnforcedPowerLimit", power_limit);
  }

  unsigned gpus() const {
    unsigned number = 0;
    return count(&number) == kSuccess ? number : 0;
  }

  std::optional<GpuReading> read(unsigned index) const {
    Device gpu = nullptr;
    std::array<char, 96> name{};
    Utilization busy;
    MemoryInfo bytes;
    if (device(index, &gpu) != kSuccess || uuid(gpu, name.data(), name.size()) != kSuccess ||
        utilization(gpu, &busy) != kSuccess || memory(gpu, &bytes) != kSuccess)
      return std::nullopt;
    unsigned usage = 0, limit = 0;
    if (power(gpu, &usage) != kSuccess) usage = 0;
    if (power_limit(gpu, &limit) != kSuccess) limit = 0;
    return GpuReading{name.data(), busy.gpu / 100.0, Bytes{bytes.total}, Bytes{bytes.used}, usage / 1000.0, limit / 1000.0};
  }
};

std::unique_ptr<GpuMonitor> GpuMonitor::open(const char* library) {
  auto state = std::make_unique<State>();
  state->library.reset(dlopen(library, RTLD_NOW | RTLD_LOCAL));
  if (!state->library || !state->load() || state->init() != kSuccess) return nullptr;
  auto monitor = std::make_unique<GpuMonitor>(std::move(state));
  return monitor->state_->gpus() > 0 ? std::move(monitor) : nullptr;
}

GpuMonitor::GpuMonitor(std::unique_ptr<const State> state) : state_(std::move(state)) {}

GpuMonitor::~GpuMonitor() {
  state_->shutdown();
}

std::vector<GpuReading> GpuMonitor::read() const {
  std::vector<GpuReading> readings;
  for (unsigned index = 0; index < state_->gpus(); ++index) {
    if (std::optional<GpuReading> reading = state_->read(index)) readings.push_back(*std::move(reading));
  }
  return readings;
}

}  // namespace staronnx
