#include "staronnx/machine/cpu_quota.h"

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

namespace staronnx {
namespace {

namespace fs = std::filesystem;

// "max 100000", "250000 100000"
std::optional<double> limit_of_version_2(const fs::path& group) {
  std::ifstream file(group / "cpu.max");
  double quota = 0, period = 0;
  if (!(file >> quota >> period) || quota <= 0 || period <= 0) return std::nullopt;  // "max" is no number
  return quota / period;
}

// -1 is no limit.
std::optional<double> limit_of_version_1(const fs::path& group) {
  std::ifstream quota_file(group / "cpu.cfs_quota_us"), period_file(group / "cpu.cfs_period_us");
  double quota = 0, period = 0;
  if (!(quota_file >> quota) || !(period_file >> period) || quota <= 0 || period <= 0) return std::nullopt;
  return quota / period;
}

// The process's group, relative to where its hierarchy is mounted: "/docker/abc". `controller`: empty for version 2.
std::optional<fs::path> group_of(const fs::path& root, const std::string& controller) {
  std::ifstream file(root / "proc/self/cgroup");  // lines "4:cpu,cpuacct:/docker/abc", "0::/user.slice"
  for (std::string line; std::getline(file, line);) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const bool wanted = controller.empty() ? controllers == ",," : controllers.find("," + controller + ",") != std::string::npos;
    if (wanted) return fs::path(line.substr(second + 1)).relative_path();
  }
  return std::nullopt;
}

// Inside a container the group's path may be that of the host, while only its own part of the hierarchy is mounted: so the mount's root is
// looked at in any case.
template <class LimitOf>
void add_limits(const fs::path& mount, fs::path group, LimitOf limit_of, std::vector<double>& limits) {
  for (;; group = group.parent_path()) {
    if (const std::optional<double> limit = limit_of(mount / group)) limits.push_back(*limit);
    if (group.empty()) return;
  }
}

}  // namespace

std::optional<double> cpu_quota(const fs::path& root) {
  std::vector<double> limits;
  if (const auto group = group_of(root, "")) add_limits(root / "sys/fs/cgroup", *group, limit_of_version_2, limits);
  if (const auto group = group_of(root, "cpu")) {
    for (const char* mount : {"sys/fs/cgroup/cpu", "sys/fs/cgroup/cpu,cpuacct"}) {
      add_limits(root / mount, *group, limit_of_version_1, limits);
    }
  }
  if (limits.empty()) return std::nullopt;
  return *std::ranges::min_element(limits);
}

}  // namespace staronnx
