#include "staronnx/machine/other_load.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <numeric>
#include <sstream>
#include <string>

namespace staronnx {
namespace {

Seconds seconds_of(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

}  // namespace

std::optional<ProcessorTime> parse_proc_stat(std::string_view stat, double ticks_per_s) {
  std::istringstream line{std::string(stat.substr(0, stat.find('\n')))};
  std::string name;
  std::array<double, 8> ticks{};  // user, nice, system, idle, waiting for disks, interrupts, soft interrupts, stolen
  line >> name;
  for (double& each : ticks) line >> each;
  if (!line || name != "cpu") return std::nullopt;
  const double total = std::accumulate(ticks.begin(), ticks.end(), 0.0);
  return ProcessorTime{
      .busy = Seconds((total - ticks[3] - ticks[4]) / ticks_per_s), .total = Seconds(total / ticks_per_s), .own = {}};
}

std::optional<ProcessorTime> processor_time() {
  std::ifstream file("/proc/stat");
  std::string first;
  std::getline(file, first);
  std::optional<ProcessorTime> time = parse_proc_stat(first, static_cast<double>(sysconf(_SC_CLK_TCK)));
  rusage usage{};
  if (!time || getrusage(RUSAGE_SELF, &usage) != 0) return std::nullopt;
  time->own = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
  return time;
}

double others_share(const ProcessorTime& begin, const ProcessorTime& end) {
  const Seconds total = end.total - begin.total;
  const Seconds others = (end.busy - begin.busy) - (end.own - begin.own);
  return total.count() > 0 ? std::clamp(others / total, 0.0, 1.0) : 0;
}

}  // namespace staronnx
