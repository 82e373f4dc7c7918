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

// The cores' memory is 0, GPU n is n + 1; as StarPU's tables count.
class Distances {
 public:
  static Result<Distances> of(const Machine& machine) {
    Distances distances;
    for (const Gpu& gpu : machine.gpus) {
      for (const bool back : {false, true}) {
        const Result<Link> link = link_of_gpu(machine, gpu.ordinal, back);
        if (!link) return link.error();
        const int number = gpu.ordinal + 1;
        distances.links_[back ? std::pair(number, 0) : std::pair(0, number)] = *link;
      }
    }
    for (const Link& link : machine.links) {
      if (link.from.kind == MemoryKind::gpu && link.to.kind == MemoryKind::gpu && link.from != link.to)
        distances.links_[{link.from.number + 1, link.to.number + 1}] = link;
    }
    return distances;
  }

  const std::map<std::pair<int, int>, Link>& direct() const { return links_; }

  Seconds latency(int from, int to) const {
    return sum(from, to, [](const Link& link) { return Seconds(link.latency).count(); });
  }
  double seconds_per_byte(int from, int to) const {
    return sum(from, to, [](const Link& link) { return 1 / link.bandwidth.count; }).count();
  }

 private:
  // Of the one link, or of the two by way of the cores' memory.
  template <class Of>
  Seconds sum(int from, int to, Of of) const {
    if (const auto link = links_.find({from, to}); link != links_.end()) return Seconds(of(link->second));
    return Seconds(of(links_.at({from, 0})) + of(links_.at({0, to})));
  }

  std::map<std::pair<int, int>, Link> links_;
};

std::string host_of(int memory) {
  return memory == 0 ? "RAM" : "CUDA" + std::to_string(memory - 1);
}

std::vector<int> memories_of(const Machine& machine) {
  std::vector<int> memories{0};
  for (const Gpu& gpu : machine.gpus) memories.push_back(gpu.ordinal + 1);
  return memories;
}

int last_gpu(const Machine& machine) {
  int last = -1;
  for (const Gpu& gpu : machine.gpus) last = std::max(last, gpu.ordinal);
  return last;
}

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
  return xml;
}

std::string routes(const Machine& machine, const Distances& distances) {
  std::string xml;
  for (const auto& [ends, link] : distances.direct()) {
    xml += text("  <link id=\"%s-%s\" bandwidth=\"%.9gBps\" latency=\"%.9gs\"/>\n", host_of(ends.first).c_str(),
                host_of(ends.second).c_str(), link.bandwidth.count, Seconds(link.latency).count());
  }
  const auto pass = [&](int from, int to) { xml += "<link_ctn id=\"" + host_of(from) + "-" + host_of(to) + "\"/>"; };
  for (const int from : memories_of(machine)) {
    for (const int to : memories_of(machine)) {
      if (from == to) continue;
      xml += "  <route src=\"" + host_of(from) + "\" dst=\"" + host_of(to) + "\" symmetrical=\"NO\">";
      if (distances.direct().contains({from, to})) {
        pass(from, to);
      } else {
        pass(from, 0);
        xml += "<link_ctn id=\"Host\"/>";
        pass(0, to);
      }
      xml += "</route>\n";
    }
  }
  return xml;
}

// A row for each memory, by number, and one more, as StarPU forgets the last row and the last number of each; "nan" where there is none.
template <class Of>
std::string table(const Machine& machine, Of of) {
  const std::vector<int> memories = memories_of(machine);
  std::string rows;
  for (int from = 0; from <= last_gpu(machine) + 2; ++from) {
    for (int to = 0; to <= last_gpu(machine) + 2; ++to) {
      const bool known = std::ranges::count(memories, from) > 0 && std::ranges::count(memories, to) > 0;
      rows += to == 0 ? "" : "\t";
      rows += from == to ? "0" : known ? text("%.9g", of(from, to)) : "nan";
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
  return {};
}

}  // namespace

Result<Link> link_of_gpu(const Machine& machine, int gpu, bool back) {
  const Memory there{MemoryKind::gpu, gpu};
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
  files[host + ".latency"] = table(machine, [&](int from, int to) { return 1e6 * distances->latency(from, to).count(); });  // us
  files[host + ".bandwidth"] =
      table(machine, [&](int from, int to) { return 1e-6 / distances->seconds_per_byte(from, to); });  // MB/s
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
  return {};
}

}  // namespace staronnx
