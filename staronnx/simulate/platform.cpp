#include "staronnx/simulate/platform.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "staronnx/base/write_file.h"

namespace staronnx {
namespace {

constexpr const char* kHost = "machine";  // by which StarPU calls it

// What StarPU was built for (scripts/lib/parts/starpu.sh).
constexpr std::size_t kMostCores = 256;
constexpr int kMostGpus = 8;
constexpr std::size_t kMostNodes = 8, kMostElsewhere = 15;  // memories, beside that of the cores

// More than tensors need.
constexpr unsigned long long kNodeMemory = 1ULL << 40;

// Everything takes its own time, which no host adds to.
constexpr const char* kSpeed = "1Gf";

constexpr const char* kBegin = R"(<?xml version='1.0'?>
<!DOCTYPE platform SYSTEM "https://simgrid.org/simgrid.dtd">
<platform version="4.1">
 <config>
  <prop id="network/TCP-gamma" value="-1"/>
  <prop id="network/latency-factor" value="1"/>
  <prop id="network/bandwidth-factor" value="1"/>
  <prop id="network/weight-S" value="0"/>
  <prop id="network/crosstraffic" value="0"/>
 </config>
 <zone id="machine" routing="Full">
  <link id="Host" bandwidth="1e15Bps" latency="0s"/>
)";

template <class... Values>
std::string text(const char* format, Values... values) {
  std::array<char, 256> buffer{};
  std::snprintf(buffer.data(), buffer.size(), format, values...);
  return buffer.data();
}

constexpr Memory kRam{MemoryKind::numa_node, 0};  // that of all cores

int last_gpu(const Machine& machine) {
  int last = -1;
  for (const Gpu& gpu : machine.gpus) last = std::max(last, gpu.ordinal);
  return last;
}

// The cores' first.
std::vector<Memory> memories_of(const Machine& machine) {
  std::vector<Memory> memories{kRam};
  for (const Gpu& gpu : machine.gpus) memories.push_back({MemoryKind::gpu, gpu.ordinal});
  for (const LentNode& node : machine.nodes) memories.push_back({MemoryKind::node, node.number});
  return memories;
}

// Of a node, its place in the list.
int device_of(const Machine& machine, Memory memory) {
  if (memory.kind != MemoryKind::node) return memory.number;
  return static_cast<int>(std::ranges::find(machine.nodes, memory.number, &LentNode::number) - machine.nodes.begin());
}

// As StarPU's tables count: the cores' memory is 0, then CUDA's devices, also those that are left out, then OpenCL's.
int row_of(const Machine& machine, Memory memory) {
  const int device = device_of(machine, memory);
  if (memory.kind == MemoryKind::numa_node) return 0;
  return 1 + device + (memory.kind == MemoryKind::node ? last_gpu(machine) + 1 : 0);
}

std::string host_of(const Machine& machine, Memory memory) {
  if (memory.kind == MemoryKind::numa_node) return "RAM";
  return (memory.kind == MemoryKind::gpu ? "CUDA" : "OpenCL") + std::to_string(device_of(machine, memory));
}

class Distances {
 public:
  static Result<Distances> of(const Machine& machine) {
    Distances distances;
    for (const Memory memory : memories_of(machine)) {
      if (memory.kind == MemoryKind::numa_node) continue;
      for (const bool back : {false, true}) {
        const Result<Link> link = link_elsewhere(machine, memory, back);
        if (!link) return link.error();
        distances.links_[back ? std::pair(memory, kRam) : std::pair(kRam, memory)] = *link;
      }
    }
    for (const Link& link : machine.links) {
      if (link.from.kind != MemoryKind::numa_node && link.to.kind != MemoryKind::numa_node && link.from != link.to)
        distances.links_[{link.from, link.to}] = link;
    }
    return distances;
  }

  const std::map<std::pair<Memory, Memory>, Link>& direct() const { return links_; }

  Seconds latency(Memory from, Memory to) const {
    return sum(from, to, [](const Link& link) { return Seconds(link.latency).count(); });
  }
  double seconds_per_byte(Memory from, Memory to) const {
    return sum(from, to, [](const Link& link) { return 1 / link.bandwidth.count; }).count();
  }

 private:
  // Of the one link, or of the two by way of the cores' memory.
  template <class Of>
  Seconds sum(Memory from, Memory to, Of of) const {
    if (const auto link = links_.find({from, to}); link != links_.end()) return Seconds(of(link->second));
    return Seconds(of(links_.at({from, kRam})) + of(links_.at({kRam, to})));
  }

  std::map<std::pair<Memory, Memory>, Link> links_;
};

std::string hosts(const Machine& machine) {
  std::string xml;
  for (const char* name : {"MAIN", "RAM"}) xml += text("  <host id=\"%s\" speed=\"%s\"/>\n", name, kSpeed);
  for (std::size_t core = 0; core < machine.cores.size(); ++core)
    xml += text("  <host id=\"CPU%zu\" speed=\"%s\"/>\n", core, kSpeed);
  for (int number = 0; number <= last_gpu(machine); ++number) {  // StarPU counts them
    const auto gpu = std::ranges::find(machine.gpus, number, &Gpu::ordinal);
    const unsigned long long memory = gpu == machine.gpus.end() ? 0 : gpu->memory.count;
    xml += text(
        "  <host id=\"CUDA%d\" speed=\"%s\"><prop id=\"memsize\" value=\"%llu\"/><prop id=\"memcpy_peer\" value=\"1\"/></host>\n",
        number, kSpeed, memory);
  }
  for (std::size_t node = 0; node < machine.nodes.size(); ++node) {
    xml +=
        text("  <host id=\"OpenCL%zu\" speed=\"%s\"><prop id=\"memsize\" value=\"%llu\"/></host>\n", node, kSpeed, kNodeMemory);
  }
  return xml;
}

std::string routes(const Machine& machine, const Distances& distances) {
  std::string xml;
  const auto name = [&](Memory memory) { return host_of(machine, memory); };
  for (const auto& [ends, link] : distances.direct()) {
    xml += text("  <link id=\"%s-%s\" bandwidth=\"%.9gBps\" latency=\"%.9gs\"/>\n", name(ends.first).c_str(),
                name(ends.second).c_str(), link.bandwidth.count, Seconds(link.latency).count());
  }
  const auto pass = [&](Memory from, Memory to) { xml += "<link_ctn id=\"" + name(from) + "-" + name(to) + "\"/>"; };
  for (const Memory from : memories_of(machine)) {
    for (const Memory to : memories_of(machine)) {
      if (from == to) continue;
      xml += "  <route src=\"" + name(from) + "\" dst=\"" + name(to) + "\" symmetrical=\"NO\">";
      if (distances.direct().contains({from, to})) {
        pass(from, to);
      } else {
        pass(from, kRam);
        xml += "<link_ctn id=\"Host\"/>";
        pass(kRam, to);
      }
      xml += "</route>\n";
    }
  }
  return xml;
}

// A row for each memory, by number, and one more, as StarPU forgets the last row and the last number of each; "nan" where there is none.
template <class Of>
std::string table(const Machine& machine, Of of) {
  std::map<int, Memory> memories;
  for (const Memory memory : memories_of(machine)) memories[row_of(machine, memory)] = memory;
  const int rows_and_one = last_gpu(machine) + static_cast<int>(machine.nodes.size()) + 3;
  std::string rows;
  for (int from = 0; from < rows_and_one; ++from) {
    for (int to = 0; to < rows_and_one; ++to) {
      const bool known = memories.contains(from) && memories.contains(to);
      rows += to == 0 ? "" : "\t";
      rows += from == to ? "0" : known ? text("%.9g", of(memories[from], memories[to])) : "nan";
    }
    rows += "\n";
  }
  return rows;
}

Status check_numbers(const Machine& machine) {
  if (machine.cores.size() > kMostCores) {
    return Error{ErrorCode::unsupported, std::to_string(machine.cores.size()) + " cores are more than the " +
                                             std::to_string(kMostCores) + " that can be simulated; leave some out"};
  }
  if (last_gpu(machine) >= kMostGpus) {
    return Error{ErrorCode::unsupported, "gpu" + std::to_string(last_gpu(machine)) + ": only GPUs 0 to " +
                                             std::to_string(kMostGpus - 1) +
                                             " can be simulated; number them from 0, and leave some out"};
  }
  const std::size_t nodes = machine.nodes.size();
  if (nodes > kMostNodes || machine.gpus.size() + nodes > kMostElsewhere) {
    return Error{ErrorCode::unsupported, std::to_string(nodes) + " nodes are more than the " +
                                             std::to_string(std::min(kMostNodes, kMostElsewhere - machine.gpus.size())) +
                                             " that can be simulated beside so many GPUs; leave some out"};
  }
  return {};
}

}  // namespace

Result<Link> link_elsewhere(const Machine& machine, Memory there, bool back) {
  const Link* best = nullptr;
  for (const Link& link : machine.links) {
    if ((back ? link.from : link.to) != there || (back ? link.to : link.from).kind != MemoryKind::numa_node) continue;
    if (best == nullptr || best->bandwidth < link.bandwidth) best = &link;
  }
  if (best != nullptr) return *best;
  const std::string cores = Memory{MemoryKind::numa_node, machine.numa_nodes.front().number}.name(), name = there.name();
  return Error{ErrorCode::invalid_argument, "'links' has none from " + (back ? name + " to " + cores : cores + " to " + name) +
                                                "; add one, with its bandwidth_bytes_per_s and latency_us"};
}

Result<std::map<std::string, std::string>> platform_files(const Machine& machine) {
  if (Status few = check_numbers(machine); !few) return few.error();
  const Result<Distances> distances = Distances::of(machine);
  if (!distances) return distances.error();
  std::map<std::string, std::string> files;
  const std::string host = kHost;
  files[host + ".config"] = "";  // that it is there says that the others are
  files[host + ".platform.v4.xml"] = kBegin + hosts(machine) + routes(machine, *distances) + " </zone>\n</platform>\n";
  files[host + ".latency"] =
      table(machine, [&](Memory from, Memory to) { return 1e6 * distances->latency(from, to).count(); });  // us
  files[host + ".bandwidth"] =
      table(machine, [&](Memory from, Memory to) { return 1e-6 / distances->seconds_per_byte(from, to); });  // MB/s
  return files;
}

Status offer_platform(const Machine& machine, const std::filesystem::path& cache) {
  const Result<std::map<std::string, std::string>> files = platform_files(machine);
  if (!files) return files.error();
  const std::filesystem::path models = cache / "starpu";  // as prepare_starpu_environment() says
  for (const auto& [name, content] : *files) {
    if (Status written = write_file(models / "bus" / name, content); !written) return written;
  }
  setenv("STARPU_PERF_MODEL_DIR", models.c_str(), 1);  // NOLINT(concurrency-mt-unsafe): StarPU's only way
  setenv("STARPU_HOSTNAME", kHost, 1);                 // NOLINT(concurrency-mt-unsafe)
  setenv("STARPU_SIMGRID_CUDA_MALLOC_COST", "0", 1);   // NOLINT(concurrency-mt-unsafe): the machine has been at work, slots are there
  return {};
}

}  // namespace staronnx
