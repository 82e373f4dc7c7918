#include "staronnx/schedule/timetable.h"

#include <gtest/gtest.h>

namespace staronnx {
namespace {

// A GPU's two workers, and two cores, which are also one place.
class TimetableTest : public testing::Test {
 protected:
  TimetableTest() : places_(5) {
    for (std::size_t worker = 0; worker < 4; ++worker) places_[worker].workers = {worker};
    places_[0].beside = {1}, places_[1].beside = {0};
    places_[4].workers = {2, 3};
  }
  Timetable table(const std::vector<Microseconds>& busy) const { return {places_, busy, std::pmr::get_default_resource()}; }

  std::vector<Place> places_;
};

TEST_F(TimetableTest, WhatIsBookedLeavesRoomBeforeIt) {
  const std::vector<Microseconds> busy(4);
  Timetable timetable = table(busy);
  timetable.book(0, Microseconds(30), Microseconds(50));
  EXPECT_EQ(timetable.begin(0, Microseconds(0), Microseconds(30)), Microseconds(0));
  EXPECT_EQ(timetable.begin(1, Microseconds(0), Microseconds(31)), Microseconds(50)) << "its GPU's other worker has booked it";
  EXPECT_EQ(timetable.begin(0, Microseconds(10), Microseconds(30)), Microseconds(50));
  EXPECT_DOUBLE_EQ(timetable.load(1, Microseconds(100)), 0.2);
}

TEST_F(TimetableTest, APlaceIsFreeWhenAllItsWorkersAre) {
  const std::vector<Microseconds> busy{Microseconds(0), Microseconds(0), Microseconds(10), Microseconds(0)};
  Timetable timetable = table(busy);
  timetable.book(3, Microseconds(15), Microseconds(40));
  EXPECT_EQ(timetable.begin(4, Microseconds(0), Microseconds(5)), Microseconds(10));
  EXPECT_EQ(timetable.begin(4, Microseconds(0), Microseconds(6)), Microseconds(40));
  EXPECT_EQ(timetable.free_since(3, Microseconds(40)), Microseconds(40));
  EXPECT_FALSE(timetable.is_idle(4));
}

TEST_F(TimetableTest, WhoWaitsForANeighbourHoldsItsPlace) {
  const std::vector<Microseconds> busy{Microseconds(0), Microseconds(0), Microseconds(10), Microseconds(0)};
  Timetable timetable = table(busy);
  timetable.book_from_before(4, Microseconds(10), Microseconds(20));
  EXPECT_EQ(timetable.begin(3, Microseconds(0), Microseconds(5)), Microseconds(20));
}

}  // namespace
}  // namespace staronnx
