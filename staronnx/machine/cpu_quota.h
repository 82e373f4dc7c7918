// How much processor time the control groups of this process allow, as containers are limited.
#pragma once

#include <filesystem>
#include <optional>

namespace staronnx {

// In cores' worth of time: the smallest limit of the process's control group and those above it, of version 2 (cpu.max) or 1
// (cpu.cfs_quota_us). Nothing without a limit, or where there are no control groups. `root`: where /proc and /sys are found.
std::optional<double> cpu_quota(const std::filesystem::path& root = "/");

}  // namespace staronnx
