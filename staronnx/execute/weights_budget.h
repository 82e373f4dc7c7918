// Which models are in memory: while there is room all, else those that were used last. Private to this room.
//
//   given back --Use, hold()--> held --(another wants the room, and nobody uses it)--> given back
//
// A model in use is never asked to give back, so with many in use at once more than the limit may be held, until uses end. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "staronnx/base/units.h"

namespace staronnx {

class WeightsBudget {
 public:
  class Tenant {
   public:
    virtual ~Tenant() = default;

    // Hands over what it holds; it is destroyed without a lock, before the room is taken. Called while nobody uses the tenant, and until
    // this returns nobody can begin to; it must be quick, and call nothing of the budget.
    virtual std::shared_ptr<void> give_back() = 0;
  };

  // While it lives, the tenant keeps what it holds.
  class Use {
   public:
    Use(WeightsBudget& budget, Tenant& tenant) : budget_(budget), tenant_(tenant) { budget_.begin_use(tenant_); }
    ~Use() { budget_.end_use(tenant_); }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

   private:
    WeightsBudget& budget_;
    Tenant& tenant_;
  };

  explicit WeightsBudget(std::optional<Bytes> limit) : limit_(limit) {}  // nothing: no limit

  // From now on the tenant, which is in use, holds so much. Others have given back what has no room beside it when this returns.
  void hold(Tenant& tenant, Bytes bytes);

  void leave(Tenant& tenant);  // before it is destroyed

  Bytes held() const;  // by all

 private:
  struct Account {
    Bytes held{};
    int uses = 0;
    std::uint64_t last_use = 0;  // the larger the later
  };
  using GivenBack = std::vector<std::shared_ptr<void>>;

  void begin_use(Tenant& tenant);
  void end_use(Tenant& tenant);
  GivenBack make_room();  // under the lock

  const std::optional<Bytes> limit_;
  mutable std::mutex mutex_;
  std::map<Tenant*, Account> accounts_;
  Bytes held_{};
  std::uint64_t uses_ = 0;  // so far
};

}  // namespace staronnx
