// When workers are free, with all that is booked. Pure. Moments count from now.
#pragma once

#include <cstddef>
#include <memory_resource>
#include <span>
#include <vector>

#include "staronnx/base/units.h"
#include "staronnx/schedule/place.h"

namespace staronnx {

class Timetable {
 public:
  // `places`: as places_of() gives them; `busy`: by worker, for how much longer it runs what it runs; 0: idle. Both outlive it; what is
  // allocated comes from `memory`.
  Timetable(std::span<const Place> places, std::span<const Microseconds> busy, std::pmr::memory_resource* memory);

  std::span<const Place> places() const { return places_; }
  std::size_t workers() const { return idle_.size(); }

  bool is_idle(std::size_t place) const;
  bool any_idle() const;
  // Its workers are not idle any more.
  void take(std::size_t place);

  // The first moment, from `ready` on, from which the place is free for so long.
  Microseconds begin(std::size_t place, Microseconds ready, Microseconds time) const;
  // When all is over that is booked.
  Microseconds booked_until(std::size_t worker) const { return booked_[worker].back().end; }
  // Since when a worker is free that is so at that moment.
  Microseconds free_since(std::size_t worker, Microseconds moment) const;
  // The share of the time until then that is booked.
  double load(std::size_t worker, Microseconds until) const;

  void book(std::size_t place, Microseconds begin, Microseconds end);
  // And what it is free before that: nothing else is to go there.
  void book_from_before(std::size_t place, Microseconds begin, Microseconds end);

 private:
  struct Booking {
    Microseconds begin, end;
  };

  void book_worker(std::size_t worker, Booking booking);

  std::span<const Place> places_;
  std::pmr::vector<bool> idle_;                         // by worker
  std::pmr::vector<std::pmr::vector<Booking>> booked_;  // by worker, in order; those of workers beside it, too
};

}  // namespace staronnx
