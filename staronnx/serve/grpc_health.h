// grpc.health.v1, by which gRPC's tools and orchestrators know whether a server serves. Private to this room.
#pragma once

#include <condition_variable>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "staronnx/serve/grpc_gate.h"
#include "staronnx/serve/grpc_queue.h"
#include "staronnx/serve/proto/health.grpc.pb.h"
#include "staronnx/serve/server.h"

namespace staronnx {

class HealthWatch;

// SERVING as long as the server is ready: of itself ("") and of the inference service; and of a model, by its name, as long as the model is.
// Watches hear of changes within a tenth of a second. Thread-safe.
class GrpcHealth final : public grpc::health::v1::Health::AsyncService {
 public:
  // `server` and `gate` outlive it.
  GrpcHealth(Server& server, const GrpcGate& gate) : server_(server), gate_(gate) {}

  // Answers calls that come to `queue` from now on; outlives it.
  void begin(GrpcQueue& queue);

  // All watches end, those to come at once.
  void end();

  // Of a watch.
  void add(HealthWatch& watch);
  void remove(HealthWatch& watch);

 private:
  using Answer = grpc::health::v1::HealthCheckResponse;

  Answer::ServingStatus status_of(const std::string& service) const;
  void tell(const std::stop_token& stop);

  Server& server_;
  const GrpcGate& gate_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable_any changed_;
  std::set<HealthWatch*> watches_;
  bool ended_ = false;
  std::jthread telling_;  // while there are watches
};

}  // namespace staronnx
