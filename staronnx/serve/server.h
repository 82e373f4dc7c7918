// What front ends know of the server as a whole.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "staronnx/serve/catalog.h"

namespace staronnx {

struct ServerIdentity {
  std::string name = "staronnx";
  std::string version;
  std::vector<std::string> extensions = {};  // of the protocol, that work
};

// Thread-safe.
class Server {
 public:
  // `catalog` outlives the server.
  Server(ServerIdentity identity, Catalog& catalog) : identity_(std::move(identity)), catalog_(catalog) {}

  const ServerIdentity& identity() const { return identity_; }
  Catalog& catalog() { return catalog_; }
  const Catalog& catalog() const { return catalog_; }

  // All models are, and the server does not end.
  bool ready() const { return !ending_ && catalog_.ready(); }

  // From now on it is not ready, so that those who spread requests send them elsewhere.
  void end() { ending_ = true; }

 private:
  const ServerIdentity identity_;
  Catalog& catalog_;
  std::atomic<bool> ending_ = false;
};

}  // namespace staronnx
