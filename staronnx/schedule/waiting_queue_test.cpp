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

Request request(std::uint64_t id, Clock::time_point urgency, Deadline deadline = Deadline::never()) {
  return {RequestId{id}, {}, {}, deadline, urgency};
}

// With a deadline that is all its urgency.
Request due_in_ms(std::uint64_t id, int ms) {
  return request(id, in_ms(ms).at, in_ms(ms));
}

std::vector<std::uint64_t> ids_of(const std::vector<Request>& requests) {
  std::vector<std::uint64_t> ids;
  for (const Request& made : requests) ids.push_back(static_cast<std::uint64_t>(made.id));
  return ids;
}

TEST(WaitingQueue, ServesTheMostUrgentFirstThenTheFirstToCome) {
  WaitingQueue queue(10);
  queue.push(request(1, in_ms(1'000).at));
  queue.push(due_in_ms(2, 20));
  queue.push(due_in_ms(3, 10));
  queue.push(request(4, in_ms(20).at));
  queue.push(request(5, in_ms(1'000).at));
  EXPECT_EQ(queue.before(in_ms(20).at), 3u);
  EXPECT_EQ(queue.before(in_ms(5).at), 0u);
  EXPECT_THAT(ids_of(queue.take_all()), ElementsAre(3, 2, 4, 1, 5));
}

TEST(WaitingQueue, IsFullAtItsCapacity) {
  WaitingQueue queue(2);
  queue.push(due_in_ms(1, 1));
  EXPECT_FALSE(queue.full(0));
  queue.push(due_in_ms(2, 2));
  EXPECT_TRUE(queue.full(0));
  EXPECT_EQ(queue.pop().id, RequestId{1});
  EXPECT_FALSE(queue.full(0));
}

TEST(WaitingQueue, WithoutCapacityIsAlwaysFull) {
  EXPECT_TRUE(WaitingQueue(0).full(0));
}

TEST(WaitingQueue, APriorityWithItsOwnCapacityIsFullAlone) {
  WaitingQueue queue(2, {{7, 1}});
  Request apart = due_in_ms(1, 1);
  apart.priority = 7;
  queue.push(std::move(apart));
  EXPECT_TRUE(queue.full(7));
  EXPECT_FALSE(queue.full(0));
  queue.push(due_in_ms(2, 2));
  queue.push(due_in_ms(3, 2));
  EXPECT_TRUE(queue.full(0));
  EXPECT_TRUE(queue.take(RequestId{1}));
  EXPECT_FALSE(queue.full(7));
  EXPECT_TRUE(queue.full(0));
}

TEST(WaitingQueue, GivesUpTheExpiredAndKeepsTheRest) {
  WaitingQueue queue(10);
  queue.push(due_in_ms(1, 30));
  queue.push(request(2, in_ms(5'000).at, in_ms(10)));  // not urgent, but soon expired
  queue.push(due_in_ms(3, 20));
  queue.push(request(4, in_ms(1'000).at));
  EXPECT_EQ(queue.next_deadline(), in_ms(10));
  EXPECT_THAT(queue.take_expired(start), IsEmpty());
  EXPECT_THAT(ids_of(queue.take_expired(in_ms(20).at)), ElementsAre(2, 3));
  EXPECT_EQ(queue.next_deadline(), in_ms(30));
  EXPECT_THAT(ids_of(queue.take_all()), ElementsAre(1, 4));
  EXPECT_TRUE(queue.empty());
}

TEST(WaitingQueue, GivesUpARequestByItsNumber) {
  WaitingQueue queue(10);
  for (const int id : {1, 2, 3}) queue.push(due_in_ms(static_cast<std::uint64_t>(id), id));
  EXPECT_EQ(queue.take(RequestId{2})->id, RequestId{2});
  EXPECT_FALSE(queue.take(RequestId{2}));
  EXPECT_THAT(ids_of(queue.take_all()), ElementsAre(1, 3));
}

TEST(WaitingQueue, WithoutRequestsNothingExpires) {
  EXPECT_EQ(WaitingQueue(3).next_deadline(), Deadline::never());
}

}  // namespace
}  // namespace staronnx
