// The options by which a user says where and how segments run, shared by the verbs that run them.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "staronnx/execute/engine.h"
#include "staronnx/schedule/runtime.h"

namespace staronnx::apps {

struct RuntimeChoice {
  std::string core_groups;  // empty: as groups() says
  std::string scheduler = RuntimeOptions().scheduler;
  std::string gpus = "all";
  bool tensorrt = false;
  std::size_t nodes = 0;
  std::string listen = NodesOptions().listen;

  // Adds --core-groups, --scheduler, --gpus, --tensorrt, --nodes and --listen.
  void add_to(CLI::App& verb);

  // What was chosen, or else "elastic" for our own scheduler and "auto" for StarPU's, which know fixed groups only.
  std::string groups() const;

  // The machine with the GPUs that were chosen.
  Result<Machine> machine(Machine detected) const;

  EngineOptions engine() const;

  // Waiting for nodes is told on standard error.
  Result<RuntimeOptions> options(const Machine& machine) const;
};

}  // namespace staronnx::apps
