// The pipelines that share the workers, and what each asks for. Pure: moments are passed in.
#pragma once

#include <cstddef>
#include <map>

#include "staronnx/base/deadline.h"
#include "staronnx/base/units.h"
#include "staronnx/schedule/demand.h"

namespace staronnx {

class Tenants {
 public:
  void arrived(std::size_t pipeline, double share, Clock::time_point now, const Demand::Arrival& arrival);

  // See Demand::followers(). What pipelines ask for beyond their shares is not counted: tasks need not care for an overload.
  double followers(std::size_t pipeline, Clock::time_point now) const;

  // Whether several pipelines are at work.
  bool shared(Clock::time_point now) const;

 private:
  // A pipeline without tasks for so long is not at work.
  static constexpr Seconds kActive{1};

  struct Tenant {
    double share = 1;
    Clock::time_point last_arrival;
    Demand demand;
  };

  static bool is_active(const Tenant& tenant, Clock::time_point now) { return now - tenant.last_arrival < kActive; }

  std::map<std::size_t, Tenant> tenants_;  // by pipeline
};

}  // namespace staronnx
