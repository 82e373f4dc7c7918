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

  // Between begin() and end(), when all models are. Those who spread requests send them elsewhere otherwise.
  bool ready() const { return serving_ && catalog_.ready(); }
  void begin() { serving_ = true; }  // the catalog knows what it is to load
  void end() { serving_ = false; }

 private:
  const ServerIdentity identity_;
  Catalog& catalog_;
  std::atomic<bool> serving_ = false;
};

}  // namespace staronnx
