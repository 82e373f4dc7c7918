#include "staronnx/schedule/decision.h"

#include <algorithm>
#include <limits>

namespace staronnx {
namespace {

// Goes through the ready tasks and books their places.
class Booking {
 public:
  explicit Booking(const Snapshot& snapshot) : snapshot_(snapshot), free_in_(snapshot.busy) {
    for (const Microseconds busy : snapshot.busy) idle_.push_back(busy.count() <= 0);
  }

  bool any_idle() const { return std::ranges::find(idle_, true) != idle_.end(); }

  // The place of the task, and whether it starts there now.
  std::pair<std::size_t, bool> book(std::size_t task) {
    const std::vector<double> shares = shares_of_workers(task);
    const double behind = static_cast<double>(snapshot_.ready - task);
    const double delayed = behind - 1 + snapshot_.followers * behind;
    std::size_t best = 0;
    Microseconds least{std::numeric_limits<double>::infinity()};
    for (std::size_t place = 0; place < snapshot_.places.size(); ++place) {
      const Microseconds cost = cost_of(task, place, shares, delayed);
      if (cost < least) least = cost, best = place;
    }
    const bool starts = std::ranges::all_of(workers(best), [&](std::size_t worker) { return idle_[worker]; });
    const Microseconds end = begin_at(best) + snapshot_.time(task, best);
    for (const std::size_t worker : workers(best)) free_in_[worker] = end, idle_[worker] = false;
    return {best, starts};
  }

 private:
  const std::vector<std::size_t>& workers(std::size_t place) const { return snapshot_.places[place].workers; }

  Microseconds begin_at(std::size_t place) const {
    Microseconds begin{};
    for (const std::size_t worker : workers(place)) begin = std::max(begin, free_in_[worker]);
    return begin;
  }

  // Of the machine's rate for such tasks, by worker.
  std::vector<double> shares_of_workers(std::size_t task) const {
    std::vector<double> shares;
    double all = 0;
    for (std::size_t worker = 0; worker < idle_.size(); ++worker)
      all += shares.emplace_back(1 / snapshot_.time(task, worker).count());
    for (double& share : shares) share /= all;
    return shares;
  }

  Microseconds cost_of(std::size_t task, std::size_t place, const std::vector<double>& shares, double delayed) const {
    const Microseconds begin = begin_at(place), end = begin + snapshot_.time(task, place);
    Microseconds taken{};  // of the whole machine's time
    for (const std::size_t worker : workers(place)) taken += shares[worker] * (end - free_in_[worker]);
    return end + delayed * taken;
  }

  const Snapshot& snapshot_;
  std::vector<Microseconds> free_in_;  // by worker
  std::vector<bool> idle_;             // and not booked
};

}  // namespace

std::vector<Start> decide(const Snapshot& snapshot) {
  Booking booking(snapshot);
  std::vector<Start> started;
  for (std::size_t task = 0; task < snapshot.ready && booking.any_idle(); ++task) {
    const auto [place, starts] = booking.book(task);
    if (starts) started.push_back({task, place});
  }
  return started;
}

}  // namespace staronnx
