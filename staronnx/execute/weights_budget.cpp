#include "staronnx/execute/weights_budget.h"

namespace staronnx {

void WeightsBudget::hold(Tenant& tenant, Bytes bytes) {
  GivenBack destroyed_unlocked;
  const std::lock_guard lock(mutex_);
  Account& account = accounts_[&tenant];
  held_.count += bytes.count - account.held.count;
  account.held = bytes;
  destroyed_unlocked = make_room();
}

void WeightsBudget::leave(Tenant& tenant) {
  const std::lock_guard lock(mutex_);
  const auto account = accounts_.find(&tenant);
  if (account == accounts_.end()) return;
  held_.count -= account->second.held.count;
  accounts_.erase(account);
}

Bytes WeightsBudget::held() const {
  const std::lock_guard lock(mutex_);
  return held_;
}

void WeightsBudget::begin_use(Tenant& tenant) {
  if (!limit_) return;
  const std::lock_guard lock(mutex_);
  Account& account = accounts_[&tenant];
  ++account.uses;
  account.last_use = ++uses_;
}

void WeightsBudget::end_use(Tenant& tenant) {
  if (!limit_) return;
  GivenBack destroyed_unlocked;
  const std::lock_guard lock(mutex_);
  --accounts_[&tenant].uses;
  destroyed_unlocked = make_room();
}

WeightsBudget::GivenBack WeightsBudget::make_room() {
  GivenBack given_back;
  while (limit_ && held_ > *limit_) {
    auto longest = accounts_.end();
    for (auto it = accounts_.begin(); it != accounts_.end(); ++it) {
      const Account& account = it->second;
      if (account.uses > 0 || account.held == Bytes{}) continue;
      if (longest == accounts_.end() || account.last_use < longest->second.last_use) longest = it;
    }
    if (longest == accounts_.end()) break;  // all that is held is in use
    given_back.push_back(longest->first->give_back());
    held_.count -= longest->second.held.count;
    longest->second.held = {};
  }
  return given_back;
}

}  // namespace staronnx
