// Begins a server's process again when it is lost, with the same ports. For servers with nodes: the loss of one ends the process
// (docs/nodes.md).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>

namespace staronnx::apps {

// What a server got where it had asked for any port; its successor asks for that. Between the supervisor and its servers.
struct Ports {
  std::uint16_t http = 0, grpc = 0, metrics = 0;
  std::array<char, 64> nodes{};  // "address:port" where nodes join
};

// Runs `serve` in a process of its own until it ends otherwise than by the loss of a node or by a crash; then returns its exit status.
// SIGTERM, SIGINT and SIGHUP go on to it. `serve` is told what its predecessor had, whose ports are 0 when there was none, and notes what it
// has. To be called before there are threads.
int supervise(const std::function<int(const Ports& before, Ports& now)>& serve);

}  // namespace staronnx::apps
