#include "staronnx/machine/measure_links.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <new>
#include <span>
#include <thread>

#include "staronnx/machine/affinity.h"
#include "staronnx/machine/best_time.h"
#include "staronnx/machine/gpus.h"

namespace staronnx {
namespace {

constexpr std::size_t line = 64;                   // bytes; what memory sends at a time on the machines we know
constexpr std::size_t hops = 4096;                 // in one run of the latency's measurement: about half a millisecond
constexpr Microseconds enough = Milliseconds(20);  // for one figure; 64 MiB take 3 to 10 ms

// A NUMA node, its cores, and two buffers that lie in its memory.
struct NodeMemory {
  int node = 0;
  std::vector<int> cores;
  std::size_t size = 0;  // bytes of each buffer, a power of two
  std::unique_ptr<std::byte[]> source;
  std::unique_ptr<std::byte[]> target;
};

Status on_cores(std::span<const int> cores, const std::function<Status()>& work) {
  Status done;
  std::thread([&] {
    done = pin_this_thread(cores);
    if (done) done = work();
  }).join();
  return done;
}

// At least twice the largest cache, so that copies come from memory; at most 256 MiB, as there are two for each node.
std::size_t buffer_size(const Machine& machine) {
  std::uint64_t size = std::uint64_t{64} << 20;
  for (const L3Cache& cache : machine.l3_caches) size = std::max(size, 2 * std::min(cache.size.count, std::uint64_t{128} << 20));
  return std::bit_floor(size);
}

// Each line holds the number of another; following them visits all lines in an order that no prefetcher guesses.
void chain_lines(std::span<std::byte> memory) {
  constexpr std::uint64_t multiplier =
      6364136223846793005;  // Knuth's; with an odd step the cycle has every residue of a power of two
  const std::uint64_t lines = memory.size() / line;
  for (std::uint64_t i = 0; i < lines; ++i) {
    const std::uint64_t next = (i * multiplier + 1) % lines;
    std::memcpy(&memory[i * line], &next, sizeof next);
  }
}

// Memory lies on the node whose core touches it first. To be called there.
Status touch(NodeMemory& memory) try {
  memory.source = std::make_unique_for_overwrite<std::byte[]>(memory.size);
  memory.target = std::make_unique_for_overwrite<std::byte[]>(memory.size);
  std::memset(memory.target.get(), 0, memory.size);
  std::memset(memory.source.get(), 0, memory.size);
  chain_lines({memory.source.get(), memory.size});
  return {};
} catch (const std::bad_alloc&) {
  return Error{ErrorCode::unavailable, "NUMA node " + std::to_string(memory.node) + " has not the " +
                                           std::to_string(memory.size >> 19) + " MiB of memory that measuring takes; free some"};
}

Result<std::vector<NodeMemory>> memory_of_nodes(const Machine& machine) {
  std::vector<NodeMemory> nodes;
  for (const Core& core : machine.cores) {  // sorted by node
    if (nodes.empty() || nodes.back().node != core.numa_node) nodes.push_back({core.numa_node, {}, buffer_size(machine), {}, {}});
    nodes.back().cores.push_back(core.os_id);
  }
  for (NodeMemory& node : nodes) {
    if (Status touched = on_cores(node.cores, [&] { return touch(node); }); !touched) return touched.error();
  }
  return nodes;
}

// Time from asking for one line of `from` until its copy in `to` can be read: each copy says which line is copied next.
Result<Microseconds> copy_latency(const NodeMemory& from, const NodeMemory& to) {
  std::uint64_t at = 0;
  Result<Microseconds> time = best_time(enough, [&]() -> Status {
    for (std::size_t hop = 0; hop < hops; ++hop) {
      std::memcpy(&to.target[at * line], &from.source[at * line], line);
      std::memcpy(&at, &to.target[at * line], sizeof at);
    }
    return {};
  });
  return time ? Result<Microseconds>(*time / hops) : time;
}

// To be called on a core of `to`.
Result<Link> measure_copy(const NodeMemory& from, const NodeMemory& to) {
  Result<Microseconds> latency = copy_latency(from, to);
  if (!latency) return latency.error();
  Result<Microseconds> time = best_time(enough, [&]() -> Status {
    std::memcpy(to.target.get(), from.source.get(), from.size);
    return {};
  });
  if (!time) return time.error();
  const BytesPerSecond bandwidth{static_cast<double>(from.size) / Seconds(*time).count()};
  return Link{{MemoryKind::numa_node, from.node}, {MemoryKind::numa_node, to.node}, bandwidth, *latency};
}

// To be called on a core of `to`.
Status measure_into(const std::vector<NodeMemory>& nodes, const NodeMemory& to, const Machine& machine,
                    std::vector<Link>& links) {
  for (const NodeMemory& from : nodes) {
    Result<Link> link = measure_copy(from, to);
    if (!link) return link.error();
    links.push_back(*link);
  }
  for (const Gpu& gpu : machine.gpus) {
    Result<std::vector<Link>> both = measure_gpu_links(gpu, to.node, {to.target.get(), to.size}, enough);
    if (!both) return both.error();
    links.insert(links.end(), both->begin(), both->end());
  }
  return {};
}

}  // namespace

Result<std::vector<Link>> measure_links(const Machine& machine) {
  Result<std::vector<NodeMemory>> nodes = memory_of_nodes(machine);
  if (!nodes) return nodes.error();
  std::vector<Link> links;
  for (const NodeMemory& to : *nodes) {
    Status done = on_cores(to.cores, [&] { return measure_into(*nodes, to, machine, links); });
    if (!done) return done.error();
  }
  std::sort(links.begin(), links.end(),
            [](const Link& a, const Link& b) { return std::pair(a.from, a.to) < std::pair(b.from, b.to); });
  return links;
}

}  // namespace staronnx
