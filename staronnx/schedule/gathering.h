// How a server and its nodes find each other, before StarPU connects them, and notice that the other is gone.
//
// A node connects to the server's address and says its version, its name and its cores. When as many came as the server waits for, each
// hears how many they are, which one it is, and at which port of the server StarPU listens. The connection then stays open and silent:
// its end is that of the other process. Nothing is encrypted and nobody is asked who they are: loopback or a trusted network only.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/base/units.h"
#include "staronnx/schedule/place.h"

namespace staronnx {

// The server's side.
struct NodesOptions {
  std::size_t count = 0;               // to wait for; 0: none
  std::string listen = "127.0.0.1:0";  // IPv4 address and port; port 0: one that the system picks
  Seconds timeout{60};                 // until all have come
  bool or_fewer = false;               // then go on with those that have, perhaps none, instead of failing
  // What happens, for people: where the server listens, who came.
  std::function<void(std::string_view)> progress = [](std::string_view) {};
  std::function<void(const std::string&)> listening = [](const std::string&) {};  // where nodes join, "address:port"
};

class Gathering {
 public:
  // Waits until all nodes have come. Fails when the address cannot be had, and when they did not come in time, unless fewer will do.
  static Result<std::unique_ptr<Gathering>> of(const NodesOptions& options);
  ~Gathering();

  // By the number that each was given.
  const std::vector<NodeIdentity>& nodes() const;

  // Where StarPU is to listen. The port was free a moment ago.
  const std::string& address() const;
  unsigned short port() const;

  // Tells the nodes to connect.
  Status release();

  // From now on the process ends when a node does (StarPU could not go on), at once, with exit status kNodeLost and a line on the
  // standard error that names the node; until forget().
  void watch();
  void forget();

  struct State;
  explicit Gathering(std::unique_ptr<State> state);

 private:
  std::unique_ptr<State> state_;
};

constexpr int kNodeLost = 69;  // EX_UNAVAILABLE of sysexits.h

// The node's side: what it heard.
struct Invitation {
  std::size_t count = 0;   // nodes
  std::size_t number = 0;  // this one's
  std::string address;     // where StarPU listens, "host:port"
};

// Connects to the server at `address`, "host:port", and waits for its word. From then on the process ends quietly when the server does.
// Fails when nobody listens there (unavailable), and when the server refuses, with its reason.
Result<Invitation> join(const std::string& address, const NodeIdentity& self);

}  // namespace staronnx
