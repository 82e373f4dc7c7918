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
  // See Demand.
  void arrived(std::size_t pipeline, double share, Clock::time_point now, Microseconds machine_time);
  void started(std::size_t pipeline, bool waited, int servers, Microseconds service, double stretch);

  // See Demand::followers(). What pipelines ask for beyond their shares is not counted: tasks need not care for an overload.
  double followers(std::size_t pipeline, Clock::time_point now) const;

  // Whether it asks for more than its share of the machine, among the pipelines at work.
  bool beyond_share(std::size_t pipeline, Clock::time_point now) const;

  // How many tasks of the other pipelines at work come, of those that ask for no more than their shares: who does waits anyhow.
  double others_per_us(std::size_t pipeline, Clock::time_point now) const;

  // Whether several pipelines are at work.
  bool shared(Clock::time_point now) const;

 private:
  struct Tenant {
    double share = 1;
    Demand demand;
  };

  std::map<std::size_t, Tenant> tenants_;  // by pipeline
};

}  // namespace staronnx
