// What StarPU takes from the process's environment only, or prefers there. For Runtime and for nodes, before starpu_init().
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "staronnx/machine/machine.h"

namespace staronnx {

// `cache`: where StarPU keeps what it measured of the machine.
void prepare_starpu_environment(const std::filesystem::path& cache);

// `gpus` take part, with so many workers each.
void prepare_starpu_environment(const std::vector<Gpu>& gpus, std::size_t workers_per_gpu);

// `address`: of the server, "host:port", for a node; empty for the server itself, which then listens at `listen` (IPv4).
struct StarpuNodes {
  std::size_t count = 0;
  std::string address = {};
  std::string listen = {};
  unsigned short port = 0;
};
void prepare_starpu_environment(const StarpuNodes& nodes);

}  // namespace staronnx
