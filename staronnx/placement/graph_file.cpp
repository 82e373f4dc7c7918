#include "staronnx/placement/graph_file.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <utility>

#include "staronnx/base/read_file.h"
#include "staronnx/graph/strong_components.h"
#include "staronnx/placement/contract.h"

namespace staronnx {
namespace {

using Json = nlohmann::json;

// Thrown here only, caught in parse_graph_file().
struct Refused {
  std::string message;
};

// NaN and Infinity, which some writers put where JSON has no number, as null: so the element can be named.
std::string without_bare_words(const std::string& text) {
  std::string result;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"' && (i == 0 || text[i - 1] != '\\')) in_string = !in_string;
    const auto is_word = [&](std::string_view word) { return !in_string && text.compare(i, word.size(), word) == 0; };
    std::string_view found;
    for (const std::string_view word : {"-Infinity", "Infinity", "-NaN", "NaN"}) {
      if (found.empty() && is_word(word)) found = word;
    }
    if (found.empty()) {
      result += text[i];
    } else {
      result += "null";
      i += found.size() - 1;
    }
  }
  return result;
}

const Json& field(const Json& element, const std::string& where, const char* name) {
  if (!element.is_object()) throw Refused{where + " is not an object"};
  const auto found = element.find(name);
  if (found == element.end()) throw Refused{where + " has no field '" + name + "'"};
  return *found;
}

const Json& list(const Json& element, const char* name) {
  const Json& found = field(element, "the graph", name);
  if (!found.is_array()) throw Refused{"'" + std::string(name) + "' is not a list"};
  return found;
}

double time_in(const Json& element, const std::string& where, const char* name) {
  const Json& value = field(element, where, name);
  const std::string what = where + ": " + name;
  if (!value.is_number()) throw Refused{what + " is " + value.dump() + ", not a finite number"};
  const double time = value.get<double>();
  if (!std::isfinite(time)) throw Refused{what + " is not a finite number"};
  if (time < 0) throw Refused{what + " is " + value.dump() + "; it must not be negative"};
  return time;
}

std::int64_t id_in(const Json& element, const std::string& where, const char* name) {
  const Json& value = field(element, where, name);
  if (!value.is_number_integer()) throw Refused{where + ": " + name + " is " + value.dump() + ", not a whole number"};
  return value.get<std::int64_t>();
}

// As the format's writers put it: true, 1, 0...
bool truth_in(const Json& element, const std::string& where, const char* name, bool otherwise) {
  const auto found = element.find(name);
  if (found == element.end()) return otherwise;
  if (found->is_boolean()) return found->get<bool>();
  if (found->is_number()) return found->get<double>() != 0;
  throw Refused{where + ": " + name + " is " + found->dump() + ", neither true nor false"};
}

class Reading {
 public:
  Reading(const Json& json, const GraphProcessors& processors) {
    problem_.classes = {{"accelerator", processors.accelerators, true, {}}, {"cpu", processors.cpus, false, {}}};
    problem_.overlap = processors.overlap;
    const Json& nodes = list(json, "nodes");
    for (std::size_t i = 0; i < nodes.size(); ++i) read_node(nodes[i], "nodes[" + std::to_string(i) + "]", processors.cpu_speed);
    if (nodes.empty()) throw Refused{"the graph has no nodes"};
    const Json& edges = list(json, "edges");
    for (std::size_t i = 0; i < edges.size(); ++i) read_edge(edges[i], "edges[" + std::to_string(i) + "]");
    for (auto& [producer, tensor] : tensor_of_) problem_.tensors.push_back(tensor);
    refuse_circle();
  }

  GraphFile result() && {
    Contracted contracted = contract(problem_, groups());
    return {std::move(contracted.problem), std::move(ids_), std::move(contracted.group_of_node)};
  }

 private:
  void read_node(const Json& node, const std::string& place, double cpu_speed) {
    const std::int64_t id = id_in(node, place, "id");
    const std::string where = "node " + std::to_string(id);
    if (!position_.emplace(id, ids_.size()).second) throw Refused{where + " appears twice"};
    const double accelerator = time_in(node, where, "fpgaLatency"), cpu = time_in(node, where, "cpuLatency");
    const bool supported = truth_in(node, where, "supportedOnFpga", true);
    problem_.classes[0].time.push_back(supported ? accelerator : std::numeric_limits<double>::infinity());
    problem_.classes[1].time.push_back(cpu / cpu_speed);
    if (node.contains("size")) time_in(node, where, "size");
    if (node.contains("colorClass") && !node["colorClass"].is_null()) {
      colours_[id_in(node, where, "colorClass")].push_back(ids_.size());
    }
    ids_.push_back(id);
  }

  std::uint32_t end_of(const Json& edge, const std::string& where, const char* name) const {
    const std::int64_t id = id_in(edge, where, name);
    const auto found = position_.find(id);
    if (found == position_.end()) throw Refused{where + ": " + name + " " + std::to_string(id) + " is the id of no node"};
    return static_cast<std::uint32_t>(found->second);
  }

  void read_edge(const Json& edge, const std::string& where) {
    const std::uint32_t producer = end_of(edge, where, "sourceId"), consumer = end_of(edge, where, "destId");
    if (producer == consumer) throw Refused{where + ": node " + std::to_string(ids_[producer]) + " reads from itself, a circle"};
    PlacementTensor& tensor = tensor_of_.try_emplace(producer, PlacementTensor{producer, {}, 0}).first->second;
    tensor.consumers.push_back(consumer);
    tensor.transfer = std::max(tensor.transfer, time_in(edge, where, "cost"));
  }

  Successors successors(const std::vector<std::size_t>& group, std::size_t groups) const {
    Successors result(groups);
    for (const PlacementTensor& tensor : problem_.tensors) {
      for (const std::uint32_t consumer : tensor.consumers) result[group[tensor.producer]].push_back(group[consumer]);
    }
    for (std::vector<std::size_t>& to : result) {
      std::sort(to.begin(), to.end());
      to.erase(std::unique(to.begin(), to.end()), to.end());
    }
    return result;
  }

  void refuse_circle() const {
    std::vector<std::size_t> each(ids_.size());
    std::iota(each.begin(), each.end(), std::size_t{0});
    const std::vector<std::size_t> component = strong_components(successors(each, each.size()));
    std::vector<std::size_t> first(ids_.size(), ids_.size());
    for (std::size_t i = 0; i < ids_.size(); ++i) {
      std::size_t& other = first[component[i]];
      if (other != ids_.size()) {
        throw Refused{"the graph has a circle through the nodes " + std::to_string(ids_[other]) + " and " +
                      std::to_string(ids_[i])};
      }
      other = i;
    }
  }

  // Nodes of one colour together, then those that lie on a circle of colours.
  std::vector<std::uint32_t> groups() const {
    std::vector<std::size_t> colour(ids_.size(), ids_.size());
    std::size_t next = 0;
    for (const auto& [name, members] : colours_) {
      for (const std::size_t member : members) colour[member] = next;
      ++next;
    }
    for (std::size_t& one : colour) {
      if (one == ids_.size()) one = next++;
    }
    const std::vector<std::size_t> component = strong_components(successors(colour, next));
    std::vector<std::uint32_t> result;
    result.reserve(colour.size());
    for (const std::size_t one : colour) result.push_back(static_cast<std::uint32_t>(component[one]));
    return result;
  }

  PlacementProblem problem_;  // a node each, in the file's order
  std::vector<std::int64_t> ids_;
  std::map<std::int64_t, std::size_t> position_;  // by id
  std::map<std::uint32_t, PlacementTensor> tensor_of_;
  std::map<std::int64_t, std::vector<std::size_t>> colours_;
};

}  // namespace

Result<GraphFile> parse_graph_file(const std::string& json, const GraphProcessors& processors) {
  if (!(std::isfinite(processors.cpu_speed) && processors.cpu_speed > 0)) {
    return Error{ErrorCode::invalid_argument, "the CPU's speed must be a positive number"};
  }
  try {
    return Reading(Json::parse(without_bare_words(json)), processors).result();
  } catch (const Refused& refused) {
    return Error{ErrorCode::invalid_argument, refused.message};
  } catch (const Json::exception& exception) {
    return Error{ErrorCode::invalid_argument, std::string("not a graph in JSON: ") + exception.what()};
  }
}

Result<GraphFile> load_graph_file(const std::filesystem::path& file, const GraphProcessors& processors) {
  const std::optional<std::string> text = read_file(file);
  if (!text) return Error{ErrorCode::not_found, "cannot read the graph file '" + file.string() + "'"};
  Result<GraphFile> graph = parse_graph_file(*text, processors);
  if (!graph) return with_context("'" + file.string() + "'", graph.error());
  return graph;
}

}  // namespace staronnx
