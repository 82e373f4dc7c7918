#include "staronnx/machine/machine_file.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <tuple>

#include "staronnx/base/read_file.h"
#include "staronnx/machine/core_list.h"
#include "staronnx/machine/json_place.h"

namespace staronnx {
namespace {

using Json = nlohmann::ordered_json;
constexpr const char* format_name = "staronnx-machine";
constexpr int format_version = 1;
constexpr std::uint64_t last_number = 8191;  // of cores, NUMA nodes, GPUs and nodes

// ---- writing ----

void put_if_known(Json& object, const char* field, Bytes size) {
  if (size > Bytes{}) object[field] = size.count;
}

// Cores that are alike, in one entry.
Json json_of(const std::vector<Core>& cores) {
  std::map<std::tuple<int, Bytes, Bytes>, std::vector<int>> alike;
  for (const Core& core : cores) alike[{core.numa_node, core.l1d, core.l2}].push_back(core.os_id);
  Json list = Json::array();
  for (const auto& [kind, ids] : alike) {
    const auto& [numa_node, l1d, l2] = kind;
    Json entry = {{"ids", core_list(ids)}, {"numa_node", numa_node}};
    put_if_known(entry, "l1d_bytes", l1d);
    put_if_known(entry, "l2_bytes", l2);
    list.push_back(std::move(entry));
  }
  return list;
}

Json json_of(const L3Cache& cache) {
  return {{"cores", core_list(cache.cores)}, {"size_bytes", cache.size.count}};
}

Json json_of(const NumaNode& node) {
  Json entry = {{"id", node.number}};
  put_if_known(entry, "memory_bytes", node.memory);
  return entry;
}

Json json_of(const Gpu& gpu) {
  Json entry = {{"id", gpu.ordinal}, {"name", gpu.name}, {"memory_bytes", gpu.memory.count}};
  if (!gpu.pci_bus_id.empty()) entry["pci_bus_id"] = gpu.pci_bus_id;
  if (gpu.speed) entry["speed"] = *gpu.speed;
  return entry;
}

Json json_of(const LentNode& node) {
  return {{"id", node.number}, {"cores", node.cores}, {"speed", node.speed}};
}

Json json_of(const Link& link) {
  return {{"from", link.from.name()},
          {"to", link.to.name()},
          {"bandwidth_bytes_per_s", link.bandwidth.count},
          {"latency_us", link.latency.count()}};
}

template <class T>
Json list_of(const std::vector<T>& values) {
  Json list = Json::array();
  for (const T& value : values) list.push_back(json_of(value));
  return list;
}

// ---- reading ----

// Of a list that may be left out.
std::vector<JsonPlace> items_of(const JsonPlace& document, std::string_view field) {
  const std::optional<JsonPlace> list = document.find(field);
  return list ? list->items() : std::vector<JsonPlace>{};
}

int number_of(const JsonPlace& place) {
  return static_cast<int>(place.count(0, last_number));
}

Bytes bytes_if_known(const JsonPlace& object, std::string_view field) {
  const std::optional<JsonPlace> place = object.find(field);
  return place ? Bytes{place->count(1)} : Bytes{};
}

std::vector<int> core_ids_of(const JsonPlace& place) {
  Result<std::vector<int>> ids = parse_core_list(place.text());
  if (!ids) place.refuse(ids.error().message);
  return *std::move(ids);
}

std::vector<Core> cores_of(const JsonPlace& list) {
  std::vector<Core> cores;
  std::set<int> seen;
  for (const JsonPlace& entry : list.items()) {
    entry.has_only({"ids", "numa_node", "l1d_bytes", "l2_bytes"});
    const std::optional<JsonPlace> node = entry.find("numa_node");
    Core core{.numa_node = node ? number_of(*node) : 0,
              .l1d = bytes_if_known(entry, "l1d_bytes"),
              .l2 = bytes_if_known(entry, "l2_bytes")};
    for (int id : core_ids_of(entry.at("ids"))) {
      if (!seen.insert(id).second) entry.at("ids").refuse("names core " + std::to_string(id) + ", which an entry before it has");
      core.os_id = id;
      cores.push_back(core);
    }
  }
  if (cores.empty()) list.refuse("must have at least one core");
  std::sort(cores.begin(), cores.end(),
            [](const Core& a, const Core& b) { return std::pair(a.numa_node, a.os_id) < std::pair(b.numa_node, b.os_id); });
  return cores;
}

std::vector<L3Cache> l3_caches_of(const JsonPlace& document, const std::vector<Core>& cores) {
  std::set<int> without;
  for (const Core& core : cores) without.insert(core.os_id);
  std::vector<L3Cache> caches;
  for (const JsonPlace& entry : items_of(document, "l3_caches")) {
    entry.has_only({"cores", "size_bytes"});
    caches.push_back({Bytes{entry.at("size_bytes").count(1)}, core_ids_of(entry.at("cores"))});
    for (int id : caches.back().cores) {
      if (without.erase(id) == 0) {
        entry.at("cores").refuse("names core " + std::to_string(id) + ", which is not in 'cores' or has another L3 cache");
      }
    }
  }
  return caches;
}

// Without a list: the nodes that the cores name.
std::vector<NumaNode> numa_nodes_of(const JsonPlace& document, const std::vector<Core>& cores) {
  const bool given = document.find("numa_nodes").has_value();
  std::map<int, NumaNode> nodes;
  for (const JsonPlace& entry : items_of(document, "numa_nodes")) {
    entry.has_only({"id", "memory_bytes"});
    const int number = number_of(entry.at("id"));
    const NumaNode node{number, bytes_if_known(entry, "memory_bytes")};
    if (!nodes.emplace(number, node).second)
      entry.at("id").refuse("is " + std::to_string(number) + ", as is that of a node before it");
  }
  for (const Core& core : cores) {
    if (nodes.emplace(core.numa_node, NumaNode{core.numa_node, {}}).second && given) {
      document.at("numa_nodes")
          .refuse("has no node " + std::to_string(core.numa_node) + ", where 'cores' puts core " + std::to_string(core.os_id));
    }
  }
  std::vector<NumaNode> sorted;
  sorted.reserve(nodes.size());
  for (const auto& [number, node] : nodes) sorted.push_back(node);
  return sorted;
}

// Cores that are left to others are not of the machine that StarONNX knows; their NUMA nodes' memory is.
void leave_out_reserved(const JsonPlace& document, Machine& machine) {
  const std::optional<JsonPlace> place = document.find("reserved_cores");
  if (!place) return;
  for (const int id : core_ids_of(*place)) {
    if (std::erase_if(machine.cores, [id](const Core& core) { return core.os_id == id; }) == 0)
      place->refuse("names core " + std::to_string(id) + ", which is not in 'cores'");
    for (L3Cache& cache : machine.l3_caches) std::erase(cache.cores, id);
  }
  if (machine.cores.empty()) place->refuse("names all cores; leave one at least");
  std::erase_if(machine.l3_caches, [](const L3Cache& cache) { return cache.cores.empty(); });
}

Gpu gpu_of(const JsonPlace& entry) {
  entry.has_only({"id", "name", "memory_bytes", "pci_bus_id", "speed"});
  Gpu gpu;
  gpu.ordinal = number_of(entry.at("id"));
  gpu.name = entry.at("name").text();
  gpu.memory = Bytes{entry.at("memory_bytes").count(1)};
  if (const auto place = entry.find("pci_bus_id")) gpu.pci_bus_id = place->text();
  if (const auto place = entry.find("speed")) gpu.speed = place->positive();
  return gpu;
}

void check_beside(const JsonPlace& entry, const Gpu& gpu, const Gpu& earlier) {
  const std::string other = "GPU " + std::to_string(earlier.ordinal);
  if (gpu.ordinal == earlier.ordinal)
    entry.at("id").refuse("is " + std::to_string(gpu.ordinal) + ", as is that of a GPU before it");
  if (!gpu.pci_bus_id.empty() && gpu.pci_bus_id == earlier.pci_bus_id) entry.at("pci_bus_id").refuse("is that of " + other);
  if (gpu.name == earlier.name && gpu.speed != earlier.speed) {
    entry.at("name").refuse("is that of " + other + ", whose speed differs; GPUs of one name are one class and have one speed");
  }
}

std::vector<Gpu> gpus_of(const JsonPlace& document) {
  std::vector<Gpu> gpus;
  for (const JsonPlace& entry : items_of(document, "gpus")) {
    Gpu gpu = gpu_of(entry);
    for (const Gpu& earlier : gpus) check_beside(entry, gpu, earlier);
    gpus.push_back(std::move(gpu));
  }
  return gpus;
}

std::vector<LentNode> nodes_of(const JsonPlace& document) {
  std::vector<LentNode> nodes;
  for (const JsonPlace& entry : items_of(document, "nodes")) {
    entry.has_only({"id", "cores", "speed"});
    const LentNode node{number_of(entry.at("id")), static_cast<int>(entry.at("cores").count(1, last_number + 1)),
                        entry.at("speed").positive()};
    if (std::ranges::count(nodes, node.number, &LentNode::number) > 0)
      entry.at("id").refuse("is " + std::to_string(node.number) + ", as is that of a node before it");
    nodes.push_back(node);
  }
  return nodes;
}

std::map<std::string, Memory> memories_of(const Machine& machine) {
  std::map<std::string, Memory> memories;
  const auto add = [&](Memory memory) { memories.emplace(memory.name(), memory); };
  for (const NumaNode& node : machine.numa_nodes) add({MemoryKind::numa_node, node.number});
  for (const Gpu& gpu : machine.gpus) add({MemoryKind::gpu, gpu.ordinal});
  for (const LentNode& node : machine.nodes) add({MemoryKind::node, node.number});
  return memories;
}

Memory memory_of(const JsonPlace& place, const std::map<std::string, Memory>& memories) {
  const auto found = memories.find(place.text());
  if (found != memories.end()) return found->second;
  std::string known;
  for (const auto& [name, memory] : memories) known += (known.empty() ? "" : ", ") + name;
  place.refuse("names '" + place.text() + "', which is no memory of this machine; it has: " + known);
}

std::vector<Link> links_of(const JsonPlace& document, const Machine& machine) {
  const std::map<std::string, Memory> memories = memories_of(machine);
  std::set<std::pair<Memory, Memory>> seen;
  std::vector<Link> links;
  for (const JsonPlace& entry : items_of(document, "links")) {
    entry.has_only({"from", "to", "bandwidth_bytes_per_s", "latency_us"});
    const Link link{memory_of(entry.at("from"), memories), memory_of(entry.at("to"), memories),
                    BytesPerSecond{entry.at("bandwidth_bytes_per_s").positive()}, Microseconds(entry.at("latency_us").number())};
    if (!seen.emplace(link.from, link.to).second)
      entry.refuse("is a second link from " + link.from.name() + " to " + link.to.name());
    links.push_back(link);
  }
  return links;
}

void check_format(const JsonPlace& document) {
  if (document.at("format").text() != format_name) document.at("format").refuse(std::string("must be '") + format_name + "'");
  if (const JsonPlace version = document.at("version"); version.count(0) != format_version) {
    version.refuse("is " + std::to_string(version.count(0)) + ", this program reads version " + std::to_string(format_version) +
                   "; write the file again with: staronnx machine -o FILE");
  }
}

Machine machine_of(const JsonPlace& document) {
  check_format(document);
  document.has_only(
      {"format", "version", "cpu_model", "cores", "reserved_cores", "l3_caches", "numa_nodes", "gpus", "nodes", "links"});
  Machine machine;
  machine.cpu_model = document.at("cpu_model").text();
  machine.cores = cores_of(document.at("cores"));
  machine.l3_caches = l3_caches_of(document, machine.cores);
  machine.numa_nodes = numa_nodes_of(document, machine.cores);
  machine.gpus = gpus_of(document);
  machine.nodes = nodes_of(document);
  machine.links = links_of(document, machine);
  leave_out_reserved(document, machine);
  return machine;
}

}  // namespace

std::string to_json(const Machine& machine) {
  Json json = {{"format", format_name},
                     {"version", format_version},
                     {"cpu_model", machine.cpu_model},
                     {"cores", json_of(machine.cores)},
                     {"l3_caches", list_of(machine.l3_caches)},
                     {"numa_nodes", list_of(machine.numa_nodes)},
                     {"gpus", list_of(machine.gpus)},
                     {"links", list_of(machine.links)}};
  if (!machine.nodes.empty()) json["nodes"] = list_of(machine.nodes);
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<Machine> parse_machine(const std::string& json) {
  try {
    const Json document = parse_json(json);
    return machine_of(JsonPlace(document));
  } catch (const JsonRefused& refused) {
    return Error{ErrorCode::invalid_argument, refused.message};
  }
}

Result<Machine> load_machine(const std::filesystem::path& file) {
  const std::optional<std::string> content = read_file(file);
  if (!content) {
    return Error{ErrorCode::not_found,
                 "the machine file '" + file.string() + "' cannot be read; write one with: staronnx machine -o FILE"};
  }
  Result<Machine> machine = parse_machine(*content);
  if (!machine) return with_context("machine file '" + file.string() + "'", machine.error());
  return machine;
}

}  // namespace staronnx
