// graph_of(): from a model's nodes to the nodes that may be cut apart.
//
// 1. Nodes that exchange something else than tensors become one unit, with everything that lies between them.
// 2. What ONNX Runtime computes together stays together: activations and QuantizeLinear with the operator before, DequantizeLinear
//    with the one after. (A cut inside costs the integer kernel and changes rounding: measured 0.26 % of a quantized Whisper
//    encoder's result.)
// 3. A unit that computes sizes joins the last of the nodes whose results it measures: only a small vector crosses then, and a
//    Shape that feeds Reshapes all over a transformer does not pull these together.
// 4. Units that compute sizes of model inputs, or read no data at all, join the first of their readers.
#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <string_view>
#include <utility>

#include "staronnx/graph/contraction.h"
#include "staronnx/graph/graph.h"
#include "staronnx/graph/label.h"
#include "staronnx/graph/roles.h"
#include "staronnx/graph/strong_components.h"

namespace staronnx {
namespace {

// A value that one model node produces and others read.
struct Value {
  std::string_view name;
  std::size_t producer;
  std::set<std::size_t> readers;
};

std::vector<Value> values_of(const Model& model) {
  std::vector<Value> values;
  std::map<std::string_view, std::size_t> place;
  for (std::size_t i = 0; i < model.nodes().size(); ++i) {
    const ModelNode& node = model.nodes()[i];
    for (const std::vector<std::string>* names : {&node.inputs, &node.captured}) {
      for (const std::string& name : *names) {
        const auto found = place.find(name);
        if (found != place.end()) values[found->second].readers.insert(i);
      }
    }
    for (const std::string& name : node.outputs) {
      if (name.empty()) continue;
      place.emplace(name, values.size());
      values.push_back({name, i, {}});
    }
  }
  std::erase_if(values, [](const Value& value) { return value.readers.empty(); });
  return values;
}

// Edges between the parts that `part` assigns nodes to, each once.
Successors edges_between(const std::vector<std::size_t>& part, std::size_t parts, const std::vector<Value>& values) {
  std::vector<std::set<std::size_t>> edges(parts);
  for (const Value& value : values) {
    for (std::size_t reader : value.readers) {
      if (part[value.producer] != part[reader]) edges[part[value.producer]].insert(part[reader]);
    }
  }
  Successors successors;
  for (const std::set<std::size_t>& nexts : edges) successors.emplace_back(nexts.begin(), nexts.end());
  return successors;
}

// Nodes that must stay together, as numbers of units; an edge both ways makes a strongly connected component.
std::vector<std::size_t> units_of(const Model& model, const std::vector<Value>& values) {
  std::vector<std::size_t> own(model.nodes().size());
  std::iota(own.begin(), own.end(), std::size_t{0});
  Successors edges = edges_between(own, own.size(), values);
  for (const Value& value : values) {
    if (model.is_tensor(value.name)) continue;
    for (std::size_t reader : value.readers) edges[reader].push_back(value.producer);
  }
  return strong_components(edges);
}

// Units in topological order: their edges go from lower to higher numbers.
std::vector<std::size_t> in_order(std::vector<std::size_t> units, const std::vector<Value>& values) {
  const std::size_t count = units.empty() ? 0 : *std::max_element(units.begin(), units.end()) + 1;
  const std::vector<std::size_t> order = topological_order(edges_between(units, count, values));
  std::vector<std::size_t> number(count);
  for (std::size_t i = 0; i < order.size(); ++i) number[order[i]] = i;
  for (std::size_t& unit : units) unit = number[unit];
  return units;
}

// Roles of units: what all of its nodes are.
std::vector<NodeRole> roles_of_units(const Model& model, const std::vector<std::size_t>& unit, std::size_t units) {
  std::vector<NodeRole> roles(units, NodeRole{true, true, true, true});
  const std::vector<NodeRole> of_nodes = roles_of(model);
  for (std::size_t i = 0; i < unit.size(); ++i) {
    NodeRole& role = roles[unit[i]];
    role.sizes = role.sizes && of_nodes[i].sizes;
    role.dataless = role.dataless && of_nodes[i].dataless;
    role.ends_operator = role.ends_operator && of_nodes[i].ends_operator;
    role.begins_operator = role.begins_operator && of_nodes[i].begins_operator;
  }
  return roles;
}

Contraction contracted(const Successors& edges, const std::vector<NodeRole>& roles) {
  Contraction groups(edges);
  for (std::size_t unit = roles.size(); unit-- > 0;) {
    if (roles[unit].begins_operator) groups.join_first_successor(unit);
  }
  for (std::size_t unit = 0; unit < roles.size(); ++unit) {
    if (roles[unit].sizes || roles[unit].ends_operator) groups.join_last_predecessor(unit);
  }
  const auto is_light = [&](std::size_t unit) { return roles[unit].sizes || roles[unit].dataless; };
  for (std::size_t group = roles.size(); group-- > 0;) {
    const std::vector<std::size_t>& members = groups.members(group);
    if (std::all_of(members.begin(), members.end(), is_light)) groups.join_first_successor(group);
  }
  return groups;
}

// For each model node its graph node: groups numbered without gaps.
std::vector<std::size_t> graph_nodes(const Contraction& groups, const std::vector<std::size_t>& unit, std::size_t units) {
  std::vector<std::size_t> number(units);
  std::size_t count = 0;
  for (std::size_t group = 0; group < units; ++group) {
    if (!groups.members(group).empty()) number[group] = count++;
  }
  std::vector<std::size_t> node_of;
  node_of.reserve(unit.size());
  for (std::size_t own : unit) node_of.push_back(number[groups.group_of(own)]);
  return node_of;
}

std::vector<GraphNode> described_nodes(const Model& model, const std::vector<std::size_t>& node_of) {
  std::vector<GraphNode> nodes(node_of.empty() ? 0 : *std::max_element(node_of.begin(), node_of.end()) + 1);
  for (std::size_t i = 0; i < node_of.size(); ++i) nodes[node_of[i]].members.push_back(NodeId{static_cast<std::uint32_t>(i)});
  for (GraphNode& node : nodes) node.label = label_of(model, node.members);
  return nodes;
}

std::vector<GraphTensor> crossing(const std::vector<Value>& values, const std::vector<std::size_t>& node_of) {
  std::vector<GraphTensor> tensors;
  for (const Value& value : values) {
    std::set<NodeId> consumers;
    for (std::size_t reader : value.readers) consumers.insert(NodeId{static_cast<std::uint32_t>(node_of[reader])});
    const NodeId producer{static_cast<std::uint32_t>(node_of[value.producer])};
    consumers.erase(producer);
    if (!consumers.empty()) tensors.push_back({std::string(value.name), producer, {consumers.begin(), consumers.end()}});
  }
  return tensors;
}

}  // namespace

Result<Graph> graph_of(const Model& model) {
  const std::vector<Value> values = values_of(model);
  const std::vector<std::size_t> unit = in_order(units_of(model, values), values);
  const std::size_t units = unit.empty() ? 0 : *std::max_element(unit.begin(), unit.end()) + 1;
  const Contraction groups = contracted(edges_between(unit, units, values), roles_of_units(model, unit, units));
  const std::vector<std::size_t> node_of = graph_nodes(groups, unit, units);
  return Graph::create(described_nodes(model, node_of), crossing(values, node_of));
}

}  // namespace staronnx
