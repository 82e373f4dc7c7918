#include "staronnx/model/node_order.h"

#include <algorithm>
#include <map>
#include <string_view>

#include "staronnx/base/topological_order.h"

namespace staronnx {
namespace {

constexpr std::size_t nobody = static_cast<std::size_t>(-1);  // stands for the graph's inputs and initializers

Error invalid(std::string message) {
  return Error{ErrorCode::invalid_argument, std::move(message)};
}

// `first` is null for an input or initializer.
Error produced_twice(const std::string& tensor, const ModelNode& second, const ModelNode* first) {
  const std::string also = first == nullptr ? "is an input or initializer" : "by " + described(*first);
  return invalid("tensor '" + tensor + "' is produced by " + described(second) + " and also " + also +
                 "; export the model again with distinct names");
}

using Producers = std::map<std::string_view, std::size_t>;

Result<Producers> producers_of(const std::vector<ModelNode>& nodes, const std::vector<std::string>& given) {
  Producers producers;
  for (const std::string& name : given) producers.emplace(name, nobody);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    for (const std::string& output : nodes[i].outputs) {
      if (output.empty()) continue;
      const auto [place, is_new] = producers.emplace(output, i);
      if (is_new) continue;
      return produced_twice(output, nodes[i], place->second == nobody ? nullptr : &nodes[place->second]);
    }
  }
  return producers;
}

// Nodes that each node waits for; a node stands there once per tensor.
Result<std::vector<std::vector<std::size_t>>> predecessors_of(const std::vector<ModelNode>& nodes, const Producers& producers) {
  std::vector<std::vector<std::size_t>> predecessors(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    for (const std::vector<std::string>* names : {&nodes[i].inputs, &nodes[i].captured}) {
      for (const std::string& name : *names) {
        if (name.empty()) continue;
        const auto producer = producers.find(name);
        if (producer == producers.end()) {
          return invalid(described(nodes[i]) + " reads '" + name +
                         "', which nothing produces; the file is damaged or was cut wrongly");
        }
        if (producer->second != nobody) predecessors[i].push_back(producer->second);
      }
    }
  }
  return predecessors;
}

Successors successors_of(const std::vector<std::vector<std::size_t>>& predecessors) {
  Successors successors(predecessors.size());
  for (std::size_t node = 0; node < predecessors.size(); ++node) {
    for (std::size_t before : predecessors[node]) successors[before].push_back(node);
  }
  return successors;
}

// A node on the cycle that the nodes missing in `order` contain or come after.
std::size_t node_on_cycle(const std::vector<std::vector<std::size_t>>& predecessors, const std::vector<std::size_t>& order) {
  std::vector<bool> stuck(predecessors.size(), true);
  for (std::size_t node : order) stuck[node] = false;
  auto node = static_cast<std::size_t>(std::ranges::find(stuck, true) - stuck.begin());
  for (std::size_t step = 0; step < predecessors.size(); ++step) {
    for (std::size_t before : predecessors[node]) {
      if (!stuck[before]) continue;
      node = before;
      break;
    }
  }
  return node;
}

}  // namespace

std::string described(const ModelNode& node) {
  if (!node.name.empty()) return "node '" + node.name + "' (" + node.op_type + ")";
  const std::string result = node.outputs.empty() ? "nothing" : "'" + node.outputs.front() + "'";
  return "the " + node.op_type + " node that produces " + result;
}

Result<std::vector<std::size_t>> node_order(const std::vector<ModelNode>& nodes, const std::vector<std::string>& given) {
  const Result<Producers> producers = producers_of(nodes, given);
  if (!producers) return producers.error();
  const Result<std::vector<std::vector<std::size_t>>> predecessors = predecessors_of(nodes, *producers);
  if (!predecessors) return predecessors.error();
  std::vector<std::size_t> order = topological_order(successors_of(*predecessors));
  if (order.size() == nodes.size()) return order;
  return invalid(described(nodes[node_on_cycle(*predecessors, order)]) + " waits for its own result: the graph has a cycle");
}

}  // namespace staronnx
