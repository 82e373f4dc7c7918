#include "staronnx/plan/queueing.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace staronnx {
namespace {

// Waiting times longer than t have a probability that decays as exp(-x t / service): x solves x = servers ln(1 + x / load).
double decay(int servers, double load) {
  double low = 0, high = 1;
  const auto is_above = [&](double x) { return x > servers * std::log1p(x / load); };
  while (!is_above(high)) high *= 2;
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2;
    (is_above(middle) ? high : low) = middle;
  }
  return high;
}

// What one server's tail begins with, over its probability of waiting.
double single_server_factor(double utilisation) {
  return (1 - utilisation) / (utilisation * std::exp(decay(1, utilisation)) - 1) / utilisation;
}

}  // namespace

double waiting_probability(int servers, double load) {
  double inverse_loss = 1;  // of Erlang's B formula, by its recursion over the servers
  for (int i = 1; i <= servers; ++i) inverse_loss = 1 + inverse_loss * i / load;
  const double loss = 1 / inverse_loss, utilisation = load / servers;
  return loss / (1 - utilisation * (1 - loss));
}

Microseconds waiting_time(const EqualServers& servers, double rate_per_s, double quantile) {
  const double load = rate_per_s * Seconds(servers.service).count(), utilisation = load / servers.count;
  if (utilisation >= 1) return Microseconds(std::numeric_limits<double>::infinity());
  if (load <= 0) return Microseconds(0);
  const double tail = waiting_probability(servers.count, load) * single_server_factor(utilisation);
  return servers.service * std::max(0.0, std::log(tail / (1 - quantile)) / decay(servers.count, load));
}

double congestion_threshold(const EqualServers& servers, Microseconds lone, Microseconds limit) {
  double low = 0, high = servers.saturated_per_s();
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (lone + waiting_time(servers, middle, 0.99) <= limit ? low : high) = middle;
  }
  return low;
}

}  // namespace staronnx
