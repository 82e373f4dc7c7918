#include <sstream>

#include "staronnx/bench/report.h"

namespace staronnx {
namespace {

constexpr const char* kColumns =
    "Inferences/Second,Client Send,Network+Server Send/Recv,Server Queue,Server Compute Input,Server Compute Infer,Server "
    "Compute Output,"
    "Client Recv,p50 latency,p90 latency,p95 latency,p99 latency";

// The columns add up to the mean latency; answers are read whole, so receiving is part of the network's column.
void add_row(const Point& point, std::ostream& text) {
  const ServerTimes server = point.server.value_or(ServerTimes());
  const Microseconds in_server = server.queue + server.compute_input + server.compute_infer + server.compute_output;
  const Microseconds network = std::max(Microseconds(0), point.mean - point.mean_send - in_server);
  point.in_flight > 0 ? text << point.in_flight : text << point.rate_per_s;
  text << ',' << point.served_per_s;
  for (const Microseconds time : {point.mean_send, network, server.queue, server.compute_input, server.compute_infer,
                                  server.compute_output, Microseconds(0), point.p50, point.p90, point.p95, point.p99})
    text << ',' << static_cast<long long>(time.count());
  text << '\n';
}

std::string quoted(const std::string& name) {
  std::string text = "\"";
  for (const char letter : name) text += letter == '"' ? "\"\"" : std::string(1, letter);
  return text + '"';
}

}  // namespace

std::string to_csv(const Comparison& comparison) {
  const bool several = comparison.systems.size() > 1;
  const bool closed = !comparison.systems[0].points.empty() && comparison.systems[0].points[0].in_flight > 0;
  std::ostringstream text;
  text << (several ? "System," : "") << (closed ? "Concurrency," : "Request Rate,") << kColumns << '\n';
  for (const SystemResult& system : comparison.systems) {
    for (const Point& point : system.points) {
      if (several) text << quoted(system.name) << ',';
      add_row(point, text);
    }
  }
  return text.str();
}

}  // namespace staronnx
