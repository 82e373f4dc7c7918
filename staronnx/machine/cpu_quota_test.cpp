#include "staronnx/machine/cpu_quota.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "staronnx/base/temporary_directory.h"

namespace staronnx {
namespace {

// A root directory with the files given.
class CpuQuota : public testing::Test {
 protected:
  void write(const std::filesystem::path& file, const std::string& text) const {
    std::filesystem::create_directories((root_.path() / file).parent_path());
    std::ofstream(root_.path() / file) << text << "\n";
  }
  std::optional<double> quota() const { return cpu_quota(root_.path()); }

 private:
  const TemporaryDirectory root_ = *TemporaryDirectory::create();
};

TEST_F(CpuQuota, NoControlGroupsAreNoLimit) {
  EXPECT_FALSE(quota());
}

TEST_F(CpuQuota, OfAContainerWithItsOwnHierarchy) {
  write("proc/self/cgroup", "0::/");
  write("sys/fs/cgroup/cpu.max", "250000 100000");
  EXPECT_EQ(quota(), 2.5);
}

TEST_F(CpuQuota, TheSmallestOfTheGroupAndThoseAboveCounts) {
  write("proc/self/cgroup", "0::/user.slice/job");
  write("sys/fs/cgroup/user.slice/cpu.max", "150000 100000");
  write("sys/fs/cgroup/user.slice/job/cpu.max", "400000 100000");
  EXPECT_EQ(quota(), 1.5);
}

TEST_F(CpuQuota, MaxIsNoLimit) {
  write("proc/self/cgroup", "0::/job");
  write("sys/fs/cgroup/job/cpu.max", "max 100000");
  EXPECT_FALSE(quota());
}

TEST_F(CpuQuota, OfVersion1) {
  write("proc/self/cgroup", "9:name=systemd:/\n4:cpu,cpuacct:/docker/abc");
  write("sys/fs/cgroup/cpu/docker/abc/cpu.cfs_quota_us", "-1");
  write("sys/fs/cgroup/cpu/docker/abc/cpu.cfs_period_us", "100000");
  EXPECT_FALSE(quota());
  write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "50000");  // mounted from within the container: the host's path is not there
  write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000");
  EXPECT_EQ(quota(), 0.5);
}

TEST_F(CpuQuota, NonsenseIsNoLimit) {
  write("proc/self/cgroup", "no colons\n0::/job");
  write("sys/fs/cgroup/job/cpu.max", "100000 0");
  EXPECT_FALSE(quota());
}

}  // namespace
}  // namespace staronnx
