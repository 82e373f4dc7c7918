// Where a task can run: on one worker's core group, or on several neighbours' that lend their cores to one of them; on a GPU, by one of its
// workers; or on a node: another
// process, here or on another machine, with one core group and a memory of its own.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "staronnx/machine/machine.h"

namespace staronnx {

struct NodeIdentity {
  std::string name;
  CoreGroup group;

  bool operator==(const NodeIdentity&) const = default;
};

struct Place {
  CoreGroup group;                   // the cores of all its workers, the first worker's first
  std::vector<std::size_t> workers;  // StarPU's numbers, ascending; the first runs the task
  unsigned memory = 0;               // StarPU's number of the memory where its tasks find their data; 0: this process's
  std::optional<int> gpu = {};       // CUDA's number of the GPU that it is; then the group is empty
  // Workers of other places that compute on the same GPU: what they run there takes turns, though one's data travels meanwhile.
  std::vector<std::size_t> beside = {};
  std::string node = {};  // its name; empty: this process

  int width() const { return group.width(); }
  std::string name() const;  // "cores 0,1", "gpu 0", "node a, cores 0,1"
  bool operator==(const Place&) const = default;
};

// Places of this process, whose workers' numbers begin with `first_worker`. First one for each group, in order. With `elastic` also one for every 2, 4, 8.. groups that follow each other on a NUMA node, and
// one for all groups of a node: places then overlap, and a task takes all workers of its place.
std::vector<Place> places_of(std::span<const CoreGroup> groups, bool elastic, std::size_t first_worker = 0);

// Of all workers together, where each alone has the rate that `rate_of` says: those of one GPU take turns. `places`: one for each worker first.
double machine_rate(std::span<const Place> places, std::size_t workers, const auto& rate_of) {
  double all = 0;
  for (std::size_t worker = 0; worker < workers; ++worker)
    all += rate_of(worker) / static_cast<double>(1 + places[worker].beside.size());
  return all;
}

}  // namespace staronnx
