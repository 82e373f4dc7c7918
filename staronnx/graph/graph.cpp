#include "staronnx/graph/graph.h"

#include <algorithm>
#include <utility>

namespace staronnx {
namespace {

template <class Ids>
bool ascends(const Ids& ids) {
  return !ids.empty() && std::adjacent_find(ids.begin(), ids.end(), std::greater_equal<>()) == ids.end();
}

Error invalid(std::string message) {
  return Error{ErrorCode::invalid_argument, std::move(message)};
}

Status check(const GraphTensor& tensor, std::size_t nodes) {
  const std::string name = "tensor '" + tensor.name + "' ";
  if (!ascends(tensor.consumers)) return invalid(name + "needs consumers, ascending and each once");
  if (index(tensor.consumers.back()) >= nodes) return invalid(name + "has a consumer that the graph does not have");
  if (tensor.producer < tensor.consumers.front()) return {};
  return invalid(name + "goes from node " + std::to_string(index(tensor.producer)) + " to node " +
                 std::to_string(index(tensor.consumers.front())) + ", which is not higher; number the nodes topologically");
}

}  // namespace

Result<Graph> Graph::create(std::vector<GraphNode> nodes, std::vector<GraphTensor> tensors) {
  for (const GraphNode& node : nodes) {
    if (!ascends(node.members)) return invalid("graph node '" + node.label + "' needs members, ascending and each once");
  }
  for (const GraphTensor& tensor : tensors) {
    if (Status checked = check(tensor, nodes.size()); !checked) return checked.error();
  }
  Graph graph;
  graph.nodes_ = std::move(nodes);
  graph.tensors_ = std::move(tensors);
  return graph;
}

}  // namespace staronnx
