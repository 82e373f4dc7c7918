#include "staronnx/schedule/asked_times.h"

#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

namespace staronnx {
namespace {

// Two segments in three places, the first two of which are of one kind.
PreparedVariant variant_of_two() {
  PreparedVariant variant;
  for (const char* name : {"first", "second"}) {
    std::vector<PreparedSegment::OnPlace> places(3);
    for (PreparedSegment::OnPlace& place : places) place.planned = {Microseconds(1)};
    places[2].kind = 1;
    variant.segments.push_back(std::make_unique<PreparedSegment>(name, std::move(places)));
  }
  return variant;
}

class AskedTimesTest : public testing::Test {
 protected:
  // By its number: 100 x segment + 10 x memory + kind of place.
  double of(std::size_t chain, std::size_t task, std::size_t place, unsigned from) {
    return asked_
        .of(chain, task, place, from,
            [&](const PreparedVariant&, std::size_t segment) {
              ++asks_;
              return Microseconds(
                  static_cast<double>(100 * segment + 10 * std::size_t{from} + variant_.segments[segment]->kind(place)));
            })
        .count();
  }

  const PreparedVariant variant_ = variant_of_two();
  AskedTimes asked_{2, std::pmr::get_default_resource()};
  int asks_ = 0;
};

TEST_F(AskedTimesTest, PlacesOfOneKindAreAskedOnce) {
  asked_.add_chain(variant_, 0);
  EXPECT_EQ(of(0, 0, 0, 0), 0);
  EXPECT_EQ(of(0, 0, 1, 0), 0);
  EXPECT_EQ(of(0, 0, 0, 0), 0);
  EXPECT_EQ(asks_, 1);
  EXPECT_EQ(of(0, 0, 2, 0), 1);
  EXPECT_EQ(asks_, 2);
}

TEST_F(AskedTimesTest, EveryTaskAndMemoryHasTimesOfItsOwn) {
  asked_.add_chain(variant_, 0);
  EXPECT_EQ(of(0, 1, 2, 1), 111);
  EXPECT_EQ(of(0, 1, 2, 0), 101);
  EXPECT_EQ(of(0, 0, 2, 1), 11);
  EXPECT_EQ(of(0, 1, 2, 1), 111);
  EXPECT_EQ(asks_, 3);
}

TEST_F(AskedTimesTest, ChainsMayBeginLaterOrBeOver) {
  asked_.add_chain(variant_, 2);
  asked_.add_chain(variant_, 1);
  asked_.add_chain(variant_, 0);
  EXPECT_EQ(of(1, 0, 2, 0), 101);
  EXPECT_EQ(of(2, 0, 2, 0), 1);
  EXPECT_EQ(of(2, 1, 2, 0), 101);
  EXPECT_EQ(asks_, 3);
}

}  // namespace
}  // namespace staronnx
