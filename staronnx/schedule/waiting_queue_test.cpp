#include "staronnx/schedule/waiting_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace staronnx {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const Clock::time_point start = Clock::time_point(std::chrono::hours(1));

Deadline in_ms(int ms) {
  return Deadline::after(Milliseconds(ms), start);
}

// Requests are told apart by a tensor of as many bytes as their number says.
Request request(std::size_t number) {
  Request made;
  made.inputs.emplace_back(DataType::uint8, Shape{static_cast<std::int64_t>(number)}, number);
  return made;
}

std::size_t number_of(const Request& made) {
  return made.inputs.front().data().size();
}

std::vector<std::size_t> numbers_of(const std::vector<Request>& requests) {
  std::vector<std::size_t> numbers;
  for (const Request& made : requests) numbers.push_back(number_of(made));
  return numbers;
}

TEST(WaitingQueue, ServesTheEarliestDeadlineFirstThenTheFirstToCome) {
  WaitingQueue queue(10);
  queue.push(Deadline::never(), request(1));
  queue.push(in_ms(20), request(2));
  queue.push(in_ms(10), request(3));
  queue.push(in_ms(20), request(4));
  queue.push(Deadline::never(), request(5));
  std::vector<Request> served;
  while (!queue.empty()) served.push_back(queue.pop());
  EXPECT_THAT(numbers_of(served), ElementsAre(3, 2, 4, 1, 5));
}

TEST(WaitingQueue, IsFullAtItsCapacity) {
  WaitingQueue queue(2);
  queue.push(Deadline::never(), request(1));
  EXPECT_FALSE(queue.full());
  queue.push(Deadline::never(), request(2));
  EXPECT_TRUE(queue.full());
  EXPECT_EQ(number_of(queue.pop()), 1u);
  EXPECT_FALSE(queue.full());
}

TEST(WaitingQueue, WithoutCapacityIsAlwaysFull) {
  EXPECT_TRUE(WaitingQueue(0).full());
}

TEST(WaitingQueue, GivesUpTheExpiredAndKeepsTheRest) {
  WaitingQueue queue(10);
  queue.push(in_ms(30), request(1));
  queue.push(in_ms(10), request(2));
  queue.push(in_ms(20), request(3));
  queue.push(Deadline::never(), request(4));
  EXPECT_THAT(queue.take_expired(start), IsEmpty());
  EXPECT_THAT(numbers_of(queue.take_expired(in_ms(20).at)), ElementsAre(2, 3));
  EXPECT_EQ(queue.next_deadline(), in_ms(30));
  EXPECT_THAT(numbers_of(queue.take_all()), ElementsAre(1, 4));
  EXPECT_TRUE(queue.empty());
}

TEST(WaitingQueue, WithoutRequestsNothingExpires) {
  EXPECT_EQ(WaitingQueue(3).next_deadline(), Deadline::never());
}

}  // namespace
}  // namespace staronnx
