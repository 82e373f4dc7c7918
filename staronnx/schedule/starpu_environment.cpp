#include "staronnx/schedule/starpu_environment.h"

#include <cstdlib>
#include <utility>

namespace staronnx {

// NOLINTBEGIN(concurrency-mt-unsafe): StarPU offers no other way; runtime.h says so

// StarPU's own binding of workers goes by hwloc's numbers among the cores it may use, which are not those of the system under taskset; so
// it is switched off, and workers are pinned by their owners.
void prepare_starpu_environment(const std::filesystem::path& cache) {
  const std::pair<const char*, std::string> wanted[] = {
      {"STARPU_WORKERS_NOBIND", "1"},
      {"STARPU_WORKERS_GETBIND", "0"},
      {"STARPU_USE_NUMA", "0"},
      {"STARPU_SILENT", "1"},
      {"STARPU_PERF_MODEL_DIR", cache / "starpu"},
      {"STARPU_HOME", cache / "starpu"},  // or it would use what others left in the home directory
  };
  for (const auto& [name, value] : wanted) setenv(name, value.c_str(), 1);
  for (const char* name : {"STARPU_WORKERS_CPUID", "STARPU_WORKERS_COREID", "STARPU_MAIN_THREAD_BIND", "STARPU_SCHED_LIB",
                           "STARPU_SCHED", "STARPU_TCPIP_MS_SLAVES", "STARPU_TCPIP_MS_MASTER", "STARPU_SINK"}) {
    unsetenv(name);
  }
}

// StarPU may take a quarter of a GPU's memory for tensors; the rest is for weights and what nodes compute (kGpuShare in pipeline.cpp).
void prepare_starpu_environment(const std::vector<Gpu>& gpus, std::size_t workers_per_gpu) {
  setenv("STARPU_NWORKER_PER_CUDA", std::to_string(workers_per_gpu).c_str(), 1);
  setenv("STARPU_CUDA_THREAD_PER_WORKER", "1", 1);  // StarPU's blocking drivers know one worker a thread
  for (const Gpu& gpu : gpus) {
    const std::string name = "STARPU_LIMIT_CUDA_" + std::to_string(gpu.ordinal) + "_MEM";
    setenv(name.c_str(), std::to_string(gpu.memory.count / 4 >> 20).c_str(), 1);
  }
}

void prepare_starpu_environment(const StarpuNodes& nodes) {
  setenv("STARPU_TCPIP_MS_SLAVES", std::to_string(nodes.count).c_str(), 1);
  setenv("STARPU_NTCPIPMSTHREADS", "1", 1);           // StarPU's blocking drivers know one worker a node
  setenv("STARPU_TCPIP_MS_MULTIPLE_THREAD", "1", 1);  // a thread for each node in the server, or one sleeping would hold up all
  // Not a socket in /tmp for nodes of this machine: a node that came between the master's two sockets found no second one, and gave up.
  setenv("STARPU_TCPIP_USE_LOCAL_SOCKET", "0", 1);
  if (!nodes.address.empty()) {
    setenv("STARPU_TCPIP_MS_MASTER", nodes.address.c_str(), 1);
  } else {
    setenv("STARPU_TCPIP_MS_LISTEN", nodes.listen.c_str(), 1);
    setenv("STARPU_TCPIP_MS_PORT", std::to_string(nodes.port).c_str(), 1);
  }
}

// NOLINTEND(concurrency-mt-unsafe)

}  // namespace staronnx
