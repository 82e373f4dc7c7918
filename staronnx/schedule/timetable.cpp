#include "staronnx/schedule/timetable.h"

#include <algorithm>

namespace staronnx {

Timetable::Timetable(std::span<const Place> places, std::span<const Microseconds> busy, std::pmr::memory_resource* memory)
    : places_(places), idle_(memory), booked_(busy.size(), memory) {
  for (std::size_t worker = 0; worker < busy.size(); ++worker) {
    Microseconds end = busy[worker];
    for (const std::size_t other : places[worker].beside) end = std::max(end, busy[other]);
    idle_.push_back(busy[worker].count() <= 0);
    booked_[worker].push_back({Microseconds(0), end});
  }
}

bool Timetable::is_idle(std::size_t place) const {
  return std::ranges::all_of(places_[place].workers, [this](std::size_t worker) { return idle_[worker]; });
}

bool Timetable::any_idle() const {
  return std::ranges::find(idle_, true) != idle_.end();
}

void Timetable::take(std::size_t place) {
  for (const std::size_t worker : places_[place].workers) idle_[worker] = false;
}

Microseconds Timetable::begin(std::size_t place, Microseconds ready, Microseconds time) const {
  Microseconds begin = ready;
  for (bool free = false; !free;) {
    free = true;
    for (const std::size_t worker : places_[place].workers) {
      for (const Booking& booking : booked_[worker]) {
        if (booking.begin >= begin + time) break;
        if (booking.end <= begin) continue;
        begin = booking.end;
        free = false;
      }
    }
  }
  return begin;
}

Microseconds Timetable::free_since(std::size_t worker, Microseconds moment) const {
  Microseconds since{};
  for (const Booking& booking : booked_[worker]) {
    if (booking.end <= moment) since = booking.end;
  }
  return since;
}

double Timetable::load(std::size_t worker, Microseconds until) const {
  Microseconds taken{};
  for (const Booking& booking : booked_[worker]) taken += std::max(Microseconds(0), std::min(booking.end, until) - booking.begin);
  return taken / until;
}

void Timetable::book(std::size_t place, Microseconds begin, Microseconds end) {
  for (const std::size_t worker : places_[place].workers) book_worker(worker, {begin, end});
  for (const std::size_t worker : places_[place].beside) book_worker(worker, {begin, end});
}

void Timetable::book_from_before(std::size_t place, Microseconds begin, Microseconds end) {
  for (const std::size_t worker : places_[place].workers) book_worker(worker, {free_since(worker, begin), end});
  for (const std::size_t worker : places_[place].beside) book_worker(worker, {free_since(worker, begin), end});
}

void Timetable::book_worker(std::size_t worker, Booking booking) {
  std::pmr::vector<Booking>& booked = booked_[worker];
  booked.insert(std::ranges::upper_bound(booked, booking.begin, {}, &Booking::begin), booking);
}

}  // namespace staronnx
