#include "staronnx/schedule/tenants.h"

#include <algorithm>

namespace staronnx {

void Tenants::arrived(std::size_t pipeline, double share, Clock::time_point now, Microseconds machine_time) {
  if (!tenants_.contains(pipeline)) {  // the occasion to forget those that have gone
    std::erase_if(tenants_, [&](const auto& tenant) { return !tenant.second.demand.active(now); });
  }
  Tenant& tenant = tenants_[pipeline];
  tenant.share = share;
  tenant.demand.arrived(now, machine_time);
}

void Tenants::started(std::size_t pipeline, bool waited, int servers, Microseconds service, double stretch) {
  if (const auto tenant = tenants_.find(pipeline); tenant != tenants_.end())
    tenant->second.demand.started(waited, servers, service, stretch);
}

double Tenants::followers(std::size_t pipeline, Clock::time_point now) const {
  const auto own = tenants_.find(pipeline);
  if (own == tenants_.end()) return 0;
  double shares = own->second.share, by_others = 0;
  const auto is_other = [&](const auto& tenant) { return tenant.first != pipeline && tenant.second.demand.active(now); };
  for (const auto& tenant : tenants_) {
    if (is_other(tenant)) shares += tenant.second.share;
  }
  for (const auto& tenant : tenants_) {
    if (is_other(tenant)) by_others += std::min(tenant.second.demand.utilisation(now), tenant.second.share / shares);
  }
  return own->second.demand.followers(now, own->second.share / shares, by_others);
}

bool Tenants::beyond_share(std::size_t pipeline, Clock::time_point now) const {
  const auto own = tenants_.find(pipeline);
  if (own == tenants_.end()) return false;
  double shares = 0;
  for (const auto& [number, tenant] : tenants_) {
    if (number == pipeline || tenant.demand.active(now)) shares += tenant.share;
  }
  return own->second.demand.utilisation(now) > own->second.share / shares;
}

double Tenants::others_per_us(std::size_t pipeline, Clock::time_point now) const {
  double rate = 0;
  for (const auto& [number, tenant] : tenants_) {
    if (number != pipeline && tenant.demand.active(now) && !beyond_share(number, now)) rate += tenant.demand.per_us(now);
  }
  return rate;
}

bool Tenants::shared(Clock::time_point now) const {
  return std::ranges::count_if(tenants_, [&](const auto& tenant) { return tenant.second.demand.active(now); }) > 1;
}

}  // namespace staronnx
