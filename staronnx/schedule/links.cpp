#include "staronnx/schedule/links.h"

#include <starpu.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "staronnx/base/deadline.h"
#include "staronnx/schedule/data_buffer.h"

namespace staronnx {
namespace {

constexpr std::size_t kLittle = 64, kMuch = std::size_t{1} << 20;
constexpr std::size_t kRounds = 9;

using Rounds = std::array<Microseconds, kRounds>;

// The only copy is there afterwards.
Microseconds move(const DataBuffer& buffer, unsigned to) {
  const Clock::time_point begin = Clock::now();
  starpu_data_acquire_on_node(buffer.handle(), static_cast<int>(to), STARPU_RW);
  const Microseconds took = Clock::now() - begin;
  starpu_data_release_on_node(buffer.handle(), static_cast<int>(to));
  return took;
}

Microseconds median(Rounds rounds) {
  std::ranges::nth_element(rounds, rounds.begin() + kRounds / 2);
  return rounds[kRounds / 2];
}

// To and fro.
std::array<Microseconds, 2> median_moves(std::size_t bytes, unsigned a, unsigned b) {
  DataBuffer buffer(bytes, true);
  std::ranges::fill(buffer.bytes(), std::byte{1});
  for (const unsigned first : {a, b, a}) move(buffer, first);  // takes memory there
  std::array<Rounds, 2> took;
  for (std::size_t round = 0; round < kRounds; ++round) took[0][round] = move(buffer, b), took[1][round] = move(buffer, a);
  return {median(took[0]), median(took[1])};
}

// One transfer, which has the link to itself: StarPU's own prediction counts two for each GPU that there is. Nothing where StarPU does not know.
Microseconds known_to_starpu(unsigned from, unsigned to, Bytes size) {
  if (from == to) return {};
  const double latency = starpu_transfer_latency(from, to), bandwidth = starpu_transfer_bandwidth(from, to);  // us, bytes/us
  const double time = latency + static_cast<double>(size.count) / bandwidth;
  return Microseconds(std::isnan(time) ? 0 : time);
}

}  // namespace

Links::Links(std::span<const unsigned> memories) {
  const auto link = [](Microseconds little, Microseconds much) {
    return Link{little, std::max(much - little, Microseconds(0)) / static_cast<double>(kMuch - kLittle)};
  };
  for (std::size_t i = 0; i < memories.size(); ++i) {
    for (const unsigned to : memories.subspan(i + 1)) {
      const auto little = median_moves(kLittle, memories[i], to), much = median_moves(kMuch, memories[i], to);
      measured_[{memories[i], to}] = link(little[0], much[0]);
      measured_[{to, memories[i]}] = link(little[1], much[1]);
    }
  }
}

Microseconds Links::time(unsigned from, unsigned to, Bytes size) const {
  const auto link = measured_.find({from, to});
  if (link == measured_.end()) return known_to_starpu(from, to, size);
  return link->second.latency + static_cast<double>(size.count) * link->second.per_byte;
}

}  // namespace staronnx
