#include "staronnx/partition/metis_cut.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "staronnx/partition/graph_for_test.h"

namespace staronnx {
namespace {

Problem problem_of(const WeightedGraph& g) {
  return make_problem(g.graph, g.weights, Shares::even(2));
}

TEST(MetisGraph, GivesEachPartItsShare) {
  const WeightedGraph g = chain(std::vector<double>(1000, 1), std::vector<std::uint64_t>(999, 100));
  for (const MetisMethod method : {MetisMethod::kway, MetisMethod::recursive}) {
    const Segments parts = MetisGraph(problem_of(g)).bisect(0.8, method, 1);
    EXPECT_NEAR(static_cast<double>(std::ranges::count(parts, 0U)), 800, 50);
  }
}

TEST(MetisGraph, CutsWhereFewBytesPass) {
  std::vector<std::uint64_t> bytes(9, 1000);
  bytes[4] = 1;
  const WeightedGraph g = chain(std::vector<double>(10, 1), bytes);
  const Segments parts = MetisGraph(problem_of(g)).bisect(0.5, MetisMethod::recursive, 1);
  EXPECT_NE(parts[4], parts[5]);
  EXPECT_EQ(parts[0], parts[4]);
}

TEST(MetisGraph, HoldsSizesFarBeyond32Bits) {
  const WeightedGraph g = chain({1e300, 1e300, 1e300, 1e300}, {1ULL << 62, 1000, 1ULL << 63});
  const Segments parts = MetisGraph(problem_of(g)).bisect(0.5, MetisMethod::kway, 1);
  EXPECT_EQ(parts[0], parts[1]);
  EXPECT_EQ(parts[2], parts[3]);
}

}  // namespace
}  // namespace staronnx
