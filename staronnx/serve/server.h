// What front ends know of the server as a whole.
#pragma once

#include <malloc.h>

#include <atomic>
#include <string>
#include <vector>

#include "staronnx/base/units.h"
#include "staronnx/serve/allowance.h"
#include "staronnx/serve/catalog.h"
#include "staronnx/serve/log.h"
#include "staronnx/serve/repository_control.h"
#include "staronnx/serve/shared_memory.h"
#include "staronnx/serve/tracer.h"

namespace staronnx {

struct ServerIdentity {
  std::string name = "staronnx";
  std::string version;
  std::vector<std::string> extensions = {};  // of the protocol, that work
};

// Thread-safe.
class Server {
 public:
  // `catalog`, `control`, `memory`, `tracer` and `log` outlive the server. `most_in_flight`: bytes of requests that it holds at once, over all protocols.
  Server(ServerIdentity identity, Catalog& catalog, RepositoryControl& control, SharedMemory& memory, Tracer& tracer, Log& log,
         Bytes most_in_flight = kMostInFlight)
      : identity_(std::move(identity)),
        catalog_(catalog),
        control_(control),
        memory_(memory),
        tracer_(tracer),
        log_(log),
        bytes_in_flight_(most_in_flight.count, kMuchInFlight.count, [] { malloc_trim(0); }) {}

  static constexpr Bytes kMostInFlight{1ULL << 30U};
  // After more than that memory goes back to the system when all are answered, which the C library would keep.
  static constexpr Bytes kMuchInFlight{64ULL << 20U};

  const ServerIdentity& identity() const { return identity_; }
  Catalog& catalog() { return catalog_; }
  const Catalog& catalog() const { return catalog_; }
  RepositoryControl& control() { return control_; }
  SharedMemory& shared_memory() { return memory_; }
  const SharedMemory& shared_memory() const { return memory_; }
  Tracer& tracer() const { return tracer_; }
  Log& log() const { return log_; }
  Allowance& bytes_in_flight() const { return bytes_in_flight_; }

  // Between begin() and end(), when all models are. Those who spread requests send them elsewhere otherwise.
  bool ready() const { return serving_ && catalog_.ready(); }
  void begin() { serving_ = true; }  // the catalog knows what it is to load
  void end() { serving_ = false; }

 private:
  const ServerIdentity identity_;
  Catalog& catalog_;
  RepositoryControl& control_;
  SharedMemory& memory_;
  Tracer& tracer_;
  Log& log_;
  mutable Allowance bytes_in_flight_;
  std::atomic<bool> serving_ = false;
};

}  // namespace staronnx
