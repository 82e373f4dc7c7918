// Small problems for tests: hand-made, random, and solved by trying everything.
#pragma once

#include <algorithm>
#include <functional>
#include <limits>
#include <random>

#include "staronnx/placement/cut.h"

namespace staronnx {

// Accelerators pay for transfers, CPUs are `slowness` times slower.
inline PlacementProblem problem_of(std::vector<double> time, std::vector<PlacementTensor> tensors, std::size_t accelerators,
                                   std::size_t cpus, double slowness = 10, bool overlap = false) {
  std::vector<double> slow;
  for (const double t : time) slow.push_back(slowness * t);
  return {
      {{"accelerator", accelerators, true, std::move(time)}, {"cpu", cpus, false, std::move(slow)}}, std::move(tensors), overlap};
}

// Few distinct times, so that ties and nodes without any are common.
inline PlacementProblem random_problem(std::uint32_t nodes, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<double> time;
  std::vector<PlacementTensor> tensors;
  for (std::uint32_t node = 0; node < nodes; ++node) {
    time.push_back(static_cast<double>(random() % 5) * 2);
    PlacementTensor tensor{node, {}, static_cast<double>(random() % 4) / 2};
    for (std::uint32_t consumer = node + 1; consumer < nodes; ++consumer) {
      if (random() % 3 == 0) tensor.consumers.push_back(consumer);
    }
    if (!tensor.consumers.empty()) tensors.push_back(std::move(tensor));
  }
  return problem_of(std::move(time), std::move(tensors), 1 + random() % 2, random() % 3, 1 + static_cast<double>(random() % 3),
                    random() % 2 == 0);
}

inline bool goes_forward(const PlacementProblem& problem, const std::vector<std::uint32_t>& segment) {
  for (const PlacementTensor& tensor : problem.tensors) {
    for (const std::uint32_t consumer : tensor.consumers) {
      if (segment[consumer] < segment[tensor.producer]) return false;
    }
  }
  return true;
}

// The shortest period there is in `least` to `most` segments, by trying all cuts.
inline double shortest_period(const PlacementProblem& problem, SegmentLimits limits) {
  double best = std::numeric_limits<double>::infinity();
  Cut cut{std::vector<std::uint32_t>(problem.nodes(), 0), {}};
  std::vector<std::size_t> free;
  for (const DeviceClass& one : problem.classes) free.push_back(one.count);
  const std::function<void(std::size_t)> assign = [&](std::size_t node) {
    if (node == problem.nodes()) {
      std::vector<bool> used(cut.of_class.size(), false);
      for (const std::uint32_t segment : cut.segment) used[segment] = true;
      const bool full = std::all_of(used.begin(), used.end(), [](bool one) { return one; });
      if (full && goes_forward(problem, cut.segment)) best = std::min(best, worth_of(problem, cut).period);
      return;
    }
    for (std::uint32_t segment = 0; segment < cut.of_class.size(); ++segment) {
      cut.segment[node] = segment;
      assign(node + 1);
    }
  };
  const std::function<void()> choose_classes = [&] {
    if (cut.of_class.size() >= limits.least && !cut.of_class.empty()) assign(0);
    if (cut.of_class.size() == limits.most) return;
    for (std::uint32_t c = 0; c < free.size(); ++c) {
      if (free[c] == 0) continue;
      --free[c];
      cut.of_class.push_back(c);
      choose_classes();
      cut.of_class.pop_back();
      ++free[c];
    }
  };
  choose_classes();
  return best;
}

}  // namespace staronnx
