#include "staronnx/model/repeated_constants.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "staronnx/base/write_file.h"
#include "staronnx/model/bodies.h"
#include "staronnx/model/content.h"

namespace staronnx {
namespace {

// Returns how many.
int drop_in(onnx::GraphProto& graph) {
  std::set<std::string> names;
  std::vector<onnx::TensorProto> kept;
  for (int i = graph.initializer_size() - 1; i >= 0; --i) {
    if (names.insert(graph.initializer(i).name()).second) kept.push_back(std::move(*graph.mutable_initializer(i)));
  }
  const int dropped = graph.initializer_size() - static_cast<int>(kept.size());
  graph.clear_initializer();
  for (auto tensor = kept.rbegin(); tensor != kept.rend(); ++tensor) *graph.add_initializer() = std::move(*tensor);
  return dropped;
}

int drop_in_bodies(onnx::GraphProto& graph) {
  int dropped = 0;
  for (onnx::NodeProto& node : *graph.mutable_node()) {
    for_each_body(node, [&](onnx::GraphProto& body) { dropped += drop_in(body) + drop_in_bodies(body); });
  }
  return dropped;
}

}  // namespace

Status drop_repeated_constants(const std::filesystem::path& model_file) {
  Result<onnx::ModelProto> model = parse_model_file(model_file);
  if (!model) return model.error();
  if (drop_in_bodies(*model->mutable_graph()) == 0) return {};
  return write_file(model_file, model->SerializeAsString());
}

}  // namespace staronnx
