// The directory of a plan, written whole or not at all; private to this room.
#pragma once

#include <filesystem>

#include "staronnx/base/result.h"

namespace staronnx {

// A directory being filled beside its final place. Gone with its content unless committed.
class StagedDirectory {
 public:
  // Refuses a place that holds anything but a plan (already_exists), and one that cannot be written.
  static Result<StagedDirectory> beside(const std::filesystem::path& place);
  ~StagedDirectory();
  StagedDirectory(StagedDirectory&& other) noexcept;
  StagedDirectory& operator=(StagedDirectory&&) = delete;

  const std::filesystem::path& path() const { return staging_; }

  // Puts the directory in its place, replacing the plan that stood there.
  Status commit();

 private:
  StagedDirectory(std::filesystem::path place, std::filesystem::path staging);

  std::filesystem::path place_;
  std::filesystem::path staging_;  // empty once committed or moved from
};

}  // namespace staronnx
