#include "staronnx/placement/graph_file.h"

#include <gmock/gmock.h>

#include <cmath>

namespace staronnx {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string graph(const std::string& nodes, const std::string& edges) {
  return R"({"maxFPGAs": 6, "nodes": [)" + nodes + R"(], "edges": [)" + edges + "]}";
}

std::string node(int id, const std::string& more = "") {
  return R"({"id": )" + std::to_string(id) + R"(, "name": "n", "cpuLatency": 20, "fpgaLatency": 2, "size": 8)" + more + "}";
}

std::string edge(int source, int destination, const std::string& cost = "0.5") {
  return R"({"sourceId": )" + std::to_string(source) + R"(, "destId": )" + std::to_string(destination) + R"(, "cost": )" + cost +
         "}";
}

std::string refusal(const std::string& json, const GraphProcessors& processors = {}) {
  const Result<GraphFile> file = parse_graph_file(json, processors);
  return file ? "accepted" : file.error().message;
}

TEST(GraphFile, GivesTheProblemInTopologicalOrder) {
  const Result<GraphFile> file = parse_graph_file(graph(node(7) + "," + node(3), edge(3, 7)), {2, 1, 4, true});
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_THAT(file->ids, ElementsAre(7, 3));
  EXPECT_THAT(file->node_of, ElementsAre(1, 0));
  EXPECT_EQ(file->problem.classes[0], (DeviceClass{"accelerator", 2, true, {2, 2}}));
  EXPECT_EQ(file->problem.classes[1], (DeviceClass{"cpu", 1, false, {5, 5}}));
  EXPECT_THAT(file->problem.tensors, ElementsAre(PlacementTensor{0, {1}, 0.5}));
  EXPECT_TRUE(file->problem.overlap);
}

TEST(GraphFile, NodesOfOneColourStayTogetherAndSoDoesWhatLiesBetween) {
  const std::string red = R"(, "colorClass": 5)";
  const Result<GraphFile> file = parse_graph_file(
      graph(node(1, red) + "," + node(2) + "," + node(3, red) + "," + node(4), edge(1, 2) + "," + edge(2, 3) + "," + edge(3, 4)),
      {});
  ASSERT_TRUE(file);
  EXPECT_THAT(file->node_of, ElementsAre(0, 0, 0, 1));
}

TEST(GraphFile, ANodeThatAcceleratorsDoNotSupportTakesForEverThere) {
  const Result<GraphFile> file =
      parse_graph_file(graph(node(1, R"(, "supportedOnFpga": 0)") + "," + node(2, R"(, "supportedOnFpga": true)"), ""), {});
  ASSERT_TRUE(file);
  EXPECT_TRUE(std::isinf(file->problem.classes[0].time[file->node_of[0]]));
  EXPECT_EQ(file->problem.classes[0].time[file->node_of[1]], 2);
}

TEST(GraphFile, TheElementThatIsWrongIsNamed) {
  EXPECT_THAT(refusal("[1"), HasSubstr("not a graph in JSON"));
  EXPECT_THAT(refusal(R"({"nodes": []})"), HasSubstr("no nodes"));
  EXPECT_THAT(refusal(R"({"nodes": [)" + node(1) + "]}"), HasSubstr("no field 'edges'"));
  EXPECT_THAT(refusal(graph(R"({"id": 4, "cpuLatency": 1})", "")), HasSubstr("node 4 has no field 'fpgaLatency'"));
  EXPECT_THAT(refusal(graph(R"({"cpuLatency": 1})", "")), HasSubstr("nodes[0] has no field 'id'"));
  EXPECT_THAT(refusal(graph(R"({"id": 4, "cpuLatency": -1, "fpgaLatency": 1})", "")), HasSubstr("node 4: cpuLatency is -1"));
  EXPECT_THAT(refusal(graph(R"({"id": 4, "cpuLatency": NaN, "fpgaLatency": 1})", "")),
              HasSubstr("node 4: cpuLatency is null, not a finite number"));
  EXPECT_THAT(refusal(graph(R"({"id": 4, "cpuLatency": "1", "fpgaLatency": 1})", "")), HasSubstr("node 4: cpuLatency"));
  EXPECT_THAT(refusal(graph(node(1) + "," + node(1), "")), HasSubstr("node 1 appears twice"));
  EXPECT_THAT(refusal(graph(node(1), edge(1, 9))), HasSubstr("edges[0]: destId 9 is the id of no node"));
  EXPECT_THAT(refusal(graph(node(1) + "," + node(2), edge(1, 2, "-0.5"))), HasSubstr("edges[0]: cost is -0.5"));
  EXPECT_THAT(refusal(graph(node(1) + "," + node(2), edge(1, 2) + "," + edge(2, 1))),
              HasSubstr("circle through the nodes 1 and 2"));
  EXPECT_THAT(refusal(graph(node(1), edge(1, 1))), HasSubstr("node 1 reads from itself"));
  EXPECT_THAT(refusal(graph(node(1), ""), {1, 1, 0, false}), HasSubstr("speed"));
}

TEST(GraphFile, AMissingFileIsNamed) {
  EXPECT_THAT(load_graph_file("/nowhere/graph.json", {}).error().message, HasSubstr("/nowhere/graph.json"));
}

}  // namespace
}  // namespace staronnx
