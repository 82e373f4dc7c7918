#include "staronnx/execute/node_placement.h"

#include <gtest/gtest.h>

#include "staronnx/execute/testing/onnx_builder.h"

namespace staronnx {
namespace {

TEST(NodePlacement, AllNodesOfOneProviderAreOnlyCounted) {
  NodePlacement placement;
  EXPECT_FALSE(placement.known());
  placement.read("Node placements");
  placement.read(" All nodes placed on [CUDAExecutionProvider]. Number of nodes: 31");
  EXPECT_TRUE(placement.known());
  EXPECT_EQ(placement.on_cpu(), "");
}

TEST(NodePlacement, NamesTheOperatorsOfTheCpu) {
  NodePlacement placement;
  for (const char* line :
       {"Creating and using per session threadpools", " Node(s) placed on [CUDAExecutionProvider]. Number of nodes: 3",
        "  Conv (a)", "  MemcpyToHost (Memcpy)", "  Relu (b)", " Node(s) placed on [CPUExecutionProvider]. Number of nodes: 3",
        "  Det (x (y))", "  Unique ()", "  Det (z)", "Use DeviceBasedPartition as default", "  Add (no node: the list is over)"})
    placement.read(line);
  EXPECT_EQ(placement.on_cpu(), "3 of 6 nodes (Det, Unique)");
}

TEST(NodePlacement, HearsItFromTheLibrary) {
  const auto environment = ort::quiet_environment();
  Ort::SessionOptions options = ort::options_for(CoreGroup{{0}, 0});
  NodePlacement placement;
  placement.listen(options);
  const Ort::Session session(environment, testing::light_model("squeezenet").c_str(), options);
  EXPECT_TRUE(placement.known());
  EXPECT_TRUE(placement.on_cpu().ends_with(" nodes")) << placement.on_cpu();
}

}  // namespace
}  // namespace staronnx
