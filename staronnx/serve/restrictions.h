// Parts of the protocol that only clients with a key may use.
#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "staronnx/base/result.h"

namespace staronnx {

// The parts, under Triton's names: "shared-memory" is shared_memory.
enum class Api {
  health,
  metadata,
  inference,
  shared_memory,
  model_config,
  model_repository,
  statistics,
  trace,
  logging,
};

// Who asks for one of `apis` says `key` in the header field `header`.
struct Restriction {
  std::set<Api> apis;
  std::string header;
  std::string key;

  // Takes the same time wherever the keys differ; not where their lengths do.
  bool opens_to(std::string_view given) const;

  // What those are told whom it does not open to.
  std::string refusal() const;
};

// Immutable. Without restrictions everybody may use everything.
class Restrictions {
 public:
  Restrictions() = default;

  // Each of `texts` is a group "API[,API..]:HEADER=KEY". Fails (invalid_argument) when one is not, names an API that is unknown, or one that an
  // earlier group has; messages never show a key.
  static Result<Restrictions> parse(std::span<const std::string> texts);

  // The same for gRPC, where headers are in small letters and begin with triton-grpc-protocol-.
  Restrictions for_grpc() const;

  const Restriction* on(Api api) const;  // null: none
  const std::vector<Restriction>& all() const { return restrictions_; }

 private:
  std::vector<Restriction> restrictions_;
};

}  // namespace staronnx
