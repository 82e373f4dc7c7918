#include "staronnx/placement/graph_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto graph = staronnx::parse_graph_file(text, {});
  return graph && !staronnx::check(graph->problem) ? 1 : 0;
}
