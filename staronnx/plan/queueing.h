// How long requests wait: one queue before equal servers, arrivals by a Poisson process, each served in the same time (M/D/c).
#pragma once

#include "staronnx/base/units.h"

namespace staronnx {

struct EqualServers {
  int count = 1;
  Microseconds service{};  // of one request on one server

  double saturated_per_s() const { return count / Seconds(service).count(); }
};

// The probability that a request waits, with service times drawn from an exponential distribution (Erlang's C formula). `load`: rate times
// service time, under `servers`.
double waiting_probability(int servers, double load);

// The time that a share `quantile` of the requests (0.99) waits at most before it is served; infinite from the saturated rate on. Within
// 4 % of simulated waiting plus service from half to 95 % of that rate (1 to 8 servers).
// Source: the exponential tail of the waiting time, H. Tijms, "A first course in stochastic models", 2003, section 9.6; its factor is the
// one of a single server (see `single_server_factor`), scaled by Erlang's probability of waiting.
Microseconds waiting_time(const EqualServers& servers, double rate_per_s, double quantile);

// The largest rate whose 99th percentile of waiting plus `lone`, the latency of a request that does not wait, is at most `limit`.
double congestion_threshold(const EqualServers& servers, Microseconds lone, Microseconds limit);

}  // namespace staronnx
