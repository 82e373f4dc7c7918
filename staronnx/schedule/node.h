// A node: a process that runs segments for a server elsewhere, with one core group and a memory of its own.
//
// To StarPU it is a worker of the server's (a "slave"): tasks and their data come over a connection, and functions are called by name, so
// a program that is a node exports its symbols (ENABLE_EXPORTS in CMake). The node needs no files: the server sends the segments.
#pragma once

#include <filesystem>
#include <string>

#include "staronnx/base/result.h"
#include "staronnx/schedule/place.h"

namespace staronnx {

struct NodeOptions {
  std::string join;                 // the server's address, "host:port"
  std::filesystem::path directory;  // for the segments' files; exists, and is the caller's to remove
  NodeIdentity identity;            // cores that this process may use
  std::filesystem::path cache;      // where StarPU keeps what it measured of the machine; created
};

// Joins the server and serves it until it ends: then this process ends, too, with exit status 0. So it returns only when it cannot
// begin: unavailable when no server is there. At most once in a process.
Error run_node(const NodeOptions& options);

}  // namespace staronnx

// What servers call, by name (see node_calls.h and slot.h).
extern "C" {
void staronnx_call_node(void** interfaces, void* argument) noexcept;
}
