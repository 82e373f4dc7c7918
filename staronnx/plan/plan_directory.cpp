#include "staronnx/plan/plan_directory.h"

#include <unistd.h>

#include <utility>

namespace staronnx {
namespace {

namespace fs = std::filesystem;

Error cannot_write(const fs::path& path, const std::error_code& code) {
  return {ErrorCode::invalid_argument, "'" + path.string() + "' cannot be written: " + code.message()};
}

bool may_be_replaced(const fs::path& place) {
  std::error_code ignored;
  if (!fs::exists(place, ignored)) return true;
  return fs::is_directory(place, ignored) && (fs::is_empty(place, ignored) || fs::exists(place / "plan.json", ignored));
}

// "plan/" and "plan" are the same place.
fs::path without_trailing_slash(const fs::path& path) {
  return path.has_filename() ? path : path.parent_path();
}

}  // namespace

StagedDirectory::StagedDirectory(fs::path place, fs::path staging) : place_(std::move(place)), staging_(std::move(staging)) {}

StagedDirectory::StagedDirectory(StagedDirectory&& other) noexcept
    : place_(std::move(other.place_)), staging_(std::exchange(other.staging_, {})) {}

StagedDirectory::~StagedDirectory() {
  std::error_code ignored;
  if (!staging_.empty()) fs::remove_all(staging_, ignored);
}

Result<StagedDirectory> StagedDirectory::beside(const fs::path& place) {
  const fs::path target = without_trailing_slash(fs::absolute(place).lexically_normal());
  if (!may_be_replaced(target)) {
    return Error{ErrorCode::already_exists, "'" + place.string() + "' exists and is not a plan; choose another directory"};
  }
  const fs::path staging = target.string() + ".partial-" + std::to_string(getpid());
  std::error_code code;
  fs::remove_all(staging, code);
  fs::create_directories(staging, code);
  if (code) return cannot_write(staging, code);
  return StagedDirectory(target, staging);
}

Status StagedDirectory::commit() {
  std::error_code code;
  fs::remove_all(place_, code);
  if (!code) fs::rename(staging_, place_, code);
  if (code) return cannot_write(place_, code);
  staging_.clear();
  return {};
}

}  // namespace staronnx
