// The flow of requests, on a real StarPU, with executors that do what the test says.
#include "staronnx/schedule/flow.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <future>
#include <latch>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>

#include "staronnx/schedule/flow_for_test.h"

namespace staronnx {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(FlowTest, EachOfManyRequestsFromManyThreadsIsAnsweredOnceWithItsOwnResult) {
  auto flow = flow_of({"x"},
                      {{{"x"}, {"a"}, each([](std::int64_t v) { return v + 1; })},
                       {{"a"}, {"b"}, each([](std::int64_t v) { return v * 3; })},
                       {{"b"}, {"y"}, each([](std::int64_t v) { return v - 5; })}},
                      {"y", "a"});
  constexpr int threads = 8;
  constexpr int each_thread = 100;
  {
    std::vector<std::jthread> submitters;
    for (int thread = 0; thread < threads; ++thread) {
      submitters.emplace_back([&, thread] {
        for (int i = 0; i < each_thread; ++i) {
          const int request = thread * each_thread + i;
          EXPECT_TRUE(flow->submit(inputs({request, -request}), {}, answers.take(request)));
        }
      });
    }
  }
  for (int request = 0; request < threads * each_thread; ++request) {
    const Answer answer = answers.wait(request);
    ASSERT_TRUE(answer.status) << answer.status.error().message;
    EXPECT_THAT(answer.outputs[0], ElementsAre((request + 1) * 3 - 5, (-request + 1) * 3 - 5));
    EXPECT_THAT(answer.outputs[1], ElementsAre(request + 1, -request + 1));
  }
  flow.reset();
  EXPECT_EQ(answers.order().size(), static_cast<std::size_t>(threads * each_thread));
}

TEST_F(FlowTest, AnswersSayWhereAndWhenSegmentsRan) {
  auto flow = flow_of(
      {"x"}, {{{"x"}, {"a"}, each([](std::int64_t v) { return v; })}, {{"a"}, {"y"}, each([](std::int64_t v) { return v; })}},
      {"y"});
  const Clock::time_point before = Clock::now();
  ASSERT_TRUE(flow->submit(inputs({1}), {}, answers.take(0)));
  const Answer answer = answers.wait(0);
  ASSERT_EQ(answer.segments.size(), 2u);
  EXPECT_LE(before, answer.segments[0].begin);
  EXPECT_LE(answer.segments[0].begin, answer.segments[0].end);
  EXPECT_LE(answer.segments[0].end, answer.segments[1].begin);
  EXPECT_LE(answer.segments[1].end, Clock::now());
  for (const SegmentRun& run : answer.segments) {
    EXPECT_GE(run.place, 0);
    EXPECT_LT(run.place, static_cast<int>(runtime->groups().size()));
  }
}

TEST_F(FlowTest, AFailingSegmentFailsItsRequestAlone) {
  std::atomic<int> later_runs = 0;
  const Work refuse_negative = [](std::span<const TensorView> in, std::span<OutputSlot> out) {
    if (numbers_of(in[0])[0] == -1) return Status(Error{ErrorCode::internal, "a negative number"});
    if (numbers_of(in[0])[0] == -2) throw std::runtime_error("a worse number");
    put(out[0], numbers_of(in[0]));
    return Status();
  };
  const Work count = [&](std::span<const TensorView> in, std::span<OutputSlot> out) {
    ++later_runs;
    put(out[0], numbers_of(in[0]));
    return Status();
  };
  auto flow = flow_of({"x"}, {{{"x"}, {"a"}, refuse_negative}, {{"a"}, {"y"}, count}}, {"y"});
  const std::vector<std::int64_t> values = {1, -1, 2, -2, 3};
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(flow->submit(inputs({values[i]}), {}, answers.take(i)));
  for (int i : {0, 2, 4}) EXPECT_THAT(answers.wait(i).outputs[0], ElementsAre(values[i]));
  EXPECT_EQ(answers.wait(1).status.error().message, "a negative number");
  EXPECT_THAT(answers.wait(3).status.error().message, HasSubstr("a worse number"));
  EXPECT_EQ(answers.wait(3).status.error().code, ErrorCode::internal);
  EXPECT_EQ(later_runs, 3);
}

TEST_F(FlowTest, SegmentsThatDoNotDependOnEachOtherAreAllWaitedFor) {
  std::latch both(1);
  const Work waits = [&](std::span<const TensorView> in, std::span<OutputSlot> out) {
    if (runtime->groups().size() > 1) both.wait();
    put(out[0], numbers_of(in[0]));
    return Status();
  };
  const Work signals = [&](std::span<const TensorView> in, std::span<OutputSlot> out) {
    if (runtime->groups().size() > 1) both.count_down();
    put(out[0], {numbers_of(in[0])[0] + 1});
    return Status();
  };
  auto flow = flow_of({"x"}, {{{"x"}, {"a"}, waits}, {{"x"}, {"b"}, signals}}, {"a", "b"});
  ASSERT_TRUE(flow->submit(inputs({7}), {}, answers.take(0)));
  EXPECT_THAT(answers.wait(0).outputs, ElementsAre(ElementsAre(7), ElementsAre(8)));
}

TEST_F(FlowTest, ASegmentMayHaveMoreTensorsThanStarPUTakesInOneTask) {
  std::vector<std::string> names;
  for (int i = 0; i < 20; ++i) names.push_back("t" + std::to_string(i));
  const Work spread = [](std::span<const TensorView> in, std::span<OutputSlot> out) {
    for (std::size_t i = 0; i < out.size(); ++i) put(out[i], {numbers_of(in[0])[0] + static_cast<std::int64_t>(i)});
    return Status();
  };
  const Work sum = [](std::span<const TensorView> in, std::span<OutputSlot> out) {
    std::int64_t total = 0;
    for (const TensorView& view : in) total += numbers_of(view)[0];
    put(out[0], {total});
    return Status();
  };
  auto flow = flow_of({"x"}, {{{"x"}, names, spread}, {names, {"y"}, sum}}, {"y"});
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(flow->submit(inputs({i}), {}, answers.take(i)));
  for (int i = 0; i < 30; ++i) EXPECT_THAT(answers.wait(i).outputs[0], ElementsAre(20 * i + 190));
}

TEST_F(FlowTest, TensorsMayBeEmpty) {
  auto flow = flow_of(
      {"x"}, {{{"x"}, {"a"}, each([](std::int64_t v) { return v; })}, {{"a"}, {"y"}, each([](std::int64_t v) { return v; })}},
      {"y"}, {}, 0);
  ASSERT_TRUE(flow->submit(inputs({}), {}, answers.take(0)));
  const Answer answer = answers.wait(0);
  ASSERT_TRUE(answer.status);
  EXPECT_TRUE(answer.outputs[0].empty());
}

TEST_F(FlowTest, TensorsLargerThanPlannedWorkAndTheNextRequestFindsRoomForThem) {
  std::mutex mutex;
  std::vector<bool> fitted;
  const Work repeat = [&](std::span<const TensorView> in, std::span<OutputSlot> out) {
    std::vector<std::int64_t> values;
    for (int i = 0; i < 1000; ++i) values.push_back(numbers_of(in[0])[0] + i);
    const std::lock_guard lock(mutex);
    fitted.push_back(out[0].buffer.size() >= values.size() * sizeof(std::int64_t));
    put(out[0], values);
    return Status();
  };
  auto flow = flow_of({"x"}, {{{"x"}, {"a"}, repeat}, {{"a"}, {"y"}, each([](std::int64_t v) { return -v; })}}, {"y"});
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(flow->submit(inputs({i}), {}, answers.take(i)));
    const Answer answer = answers.wait(i);
    ASSERT_EQ(answer.outputs[0].size(), 1000u);
    EXPECT_EQ(answer.outputs[0].back(), -(i + 999));
  }
  EXPECT_FALSE(fitted.front());
  EXPECT_THAT(std::vector(fitted.begin() + 1, fitted.end()), testing::Each(true));
}

TEST_F(FlowTest, InputsMayBeLargerThanPlanned) {
  auto flow = one_segment(each([](std::int64_t v) { return v; }));
  const std::vector<std::int64_t> many(100000, 4);
  ASSERT_TRUE(flow->submit(inputs(many), {}, answers.take(0)));
  EXPECT_EQ(answers.wait(0).outputs[0], many);
}

TEST_F(FlowTest, RefusesInputsThatDoNotFit) {
  auto flow = one_segment(each([](std::int64_t v) { return v; }));
  const Result<RequestId> status = flow->submit({}, {}, answers.take(0));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::invalid_argument);
  flow.reset();
  EXPECT_TRUE(answers.order().empty());
}

TEST_F(FlowTest, RefusesADeadlineThatHasPassed) {
  auto flow = one_segment(each([](std::int64_t v) { return v; }));
  const Result<RequestId> status = flow->submit(inputs({1}), {Deadline{Clock::now()}}, answers.take(0));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::deadline_exceeded);
  flow.reset();
  EXPECT_TRUE(answers.order().empty());
}

TEST_F(FlowTest, ARequestThatExpiresWhileItWaitsIsAnsweredThoughNoSlotIsFree) {
  HeldUp held;
  std::atomic<int> runs = 0;
  const Work counted = [&, work = held.work()](std::span<const TensorView> in, std::span<OutputSlot> out) {
    ++runs;
    return work(in, out);
  };
  auto flow = one_segment(counted, {.window = 1});
  ASSERT_TRUE(flow->submit(inputs({0}), {}, answers.take(0)));
  held.wait_until_running();
  ASSERT_TRUE(flow->submit(inputs({1}), {}, answers.take(1)));
  ASSERT_TRUE(flow->submit(inputs({2}), {Deadline::after(Milliseconds(5), Clock::now())}, answers.take(2)));
  EXPECT_EQ(answers.wait(2).status.error().code, ErrorCode::deadline_exceeded);
  held.release();
  EXPECT_TRUE(answers.wait(0).status);
  EXPECT_TRUE(answers.wait(1).status);
  EXPECT_EQ(runs, 2);
}

TEST_F(FlowTest, WaitingRequestsAreServedByUrgencyThenArrival) {
  HeldUp held;
  auto flow = one_segment(held.work(), {.window = 1});
  ASSERT_TRUE(flow->submit(inputs({0}), {}, answers.take(0)));
  held.wait_until_running();
  ASSERT_TRUE(flow->submit(inputs({1}), {.priority = 2}, answers.take(1)));
  ASSERT_TRUE(flow->submit(inputs({2}), {}, answers.take(2)));
  ASSERT_TRUE(flow->submit(inputs({3}), {.priority = 1}, answers.take(3)));
  ASSERT_TRUE(flow->submit(inputs({4}), {.deadline = Deadline::after(Milliseconds(900), Clock::now())}, answers.take(4)));
  ASSERT_TRUE(flow->submit(inputs({5}), {}, answers.take(5)));
  held.release();
  answers.wait_for(6);
  EXPECT_THAT(answers.order(), ElementsAre(0, 4, 2, 5, 3, 1));
}

TEST_F(FlowTest, ACancelledRequestThatWaitsIsAnsweredAtOnceAndNeverRuns) {
  HeldUp held;
  auto flow = one_segment(held.work(), {.window = 1});
  ASSERT_TRUE(flow->submit(inputs({0}), {}, answers.take(0)));
  held.wait_until_running();
  const Result<RequestId> waiting = flow->submit(inputs({1}), {}, answers.take(1));
  ASSERT_TRUE(waiting);
  flow->cancel(*waiting);
  flow->cancel(*waiting);  // once is enough
  EXPECT_EQ(answers.wait(1).status.error().code, ErrorCode::cancelled);
  held.release();
  EXPECT_TRUE(answers.wait(0).status);
}

TEST_F(FlowTest, ACancelledRequestStartsNoFurtherSegment) {
  HeldUp held;
  std::atomic<int> later_runs = 0;
  const Work later = [&](std::span<const TensorView> in, std::span<OutputSlot> out) {
    ++later_runs;
    put(out[0], numbers_of(in[0]));
    return Status();
  };
  auto flow = flow_of({"x"}, {{{"x"}, {"a"}, held.work()}, {{"a"}, {"y"}, later}}, {"y"});
  const Result<RequestId> request = flow->submit(inputs({0}), {}, answers.take(0));
  ASSERT_TRUE(request);
  held.wait_until_running();
  flow->cancel(*request);
  held.release();
  EXPECT_EQ(answers.wait(0).status.error().code, ErrorCode::cancelled);
  EXPECT_EQ(later_runs, 0);
  flow->cancel(*request);  // it is gone, and its slot another's
  ASSERT_TRUE(flow->submit(inputs({1}), {}, answers.take(1)));
  EXPECT_TRUE(answers.wait(1).status);
}

TEST_F(FlowTest, ADeadlineThatTheAnswerIsExpectedToMissIsRefusedAtOnce) {
  const Work takes_a_millisecond = [](std::span<const TensorView> in, std::span<OutputSlot> out) {
    for (const auto end = Clock::now() + std::chrono::milliseconds(1); Clock::now() < end;) continue;
    put(out[0], numbers_of(in[0]));
    return Status();
  };
  auto flow = one_segment(takes_a_millisecond, {.window = 1});
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(flow->submit(inputs({i}), {}, answers.take(i)));
  answers.wait_for(30);
  EXPECT_EQ(flow->expected_wait(), Microseconds(0));
  for (int i = 30; i < 330; ++i) ASSERT_TRUE(flow->submit(inputs({i}), {.priority = 0}, answers.take(i)));
  EXPECT_GT(flow->expected_wait(), Milliseconds(100));
  const Deadline soon = Deadline::after(Milliseconds(100), Clock::now());
  const Result<RequestId> behind = flow->submit(inputs({330}), {soon, 1}, answers.take(330));
  ASSERT_FALSE(behind);
  EXPECT_EQ(behind.error().code, ErrorCode::unavailable);
  EXPECT_THAT(behind.error().message, HasSubstr("the answer is expected in"));
  EXPECT_TRUE(flow->submit(inputs({331}), {soon}, answers.take(331))) << "it goes first";
  answers.wait_for(331);
}

TEST_F(FlowTest, AFullQueueRefusesAndForgets) {
  HeldUp held;
  auto flow = one_segment(held.work(), {.window = 1, .queue = 2});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(flow->submit(inputs({i}), {}, answers.take(i)));
  const Result<RequestId> refused = flow->submit(inputs({3}), {}, answers.take(3));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  held.release();
  flow.reset();
  EXPECT_EQ(answers.order().size(), 3u);
}

TEST_F(FlowTest, APriorityMayHaveAQueueOfItsOwn) {
  HeldUp held;
  auto flow = one_segment(held.work(), {.window = 1, .queue = 1, .queues = {{2, 2}}});
  ASSERT_TRUE(flow->submit(inputs({0}), {}, answers.take(0)));
  held.wait_until_running();
  EXPECT_TRUE(flow->submit(inputs({1}), {}, answers.take(1)));
  EXPECT_FALSE(flow->submit(inputs({2}), {.priority = 1}, answers.take(2))) << "shares the queue of those without their own";
  EXPECT_TRUE(flow->submit(inputs({3}), {.priority = 2}, answers.take(3)));
  EXPECT_TRUE(flow->submit(inputs({4}), {.priority = 2}, answers.take(4)));
  EXPECT_FALSE(flow->submit(inputs({5}), {.priority = 2}, answers.take(5)));
  held.release();
  flow.reset();
  EXPECT_THAT(answers.order(), testing::UnorderedElementsAre(0, 1, 3, 4));
}

TEST_F(FlowTest, WhoIsLateGoesBehindAllOthersWhereThatIsWanted) {
  HeldUp held;
  auto flow = one_segment(held.work(), {.window = 1});
  ASSERT_TRUE(flow->submit(inputs({0}), {}, answers.take(0)));
  held.wait_until_running();
  const auto soon = [] { return Deadline::after(Milliseconds(5), Clock::now()); };
  ASSERT_TRUE(flow->submit(inputs({1}), {.deadline = soon(), .late_goes_last = true}, answers.take(1)));
  ASSERT_TRUE(flow->submit(inputs({2}), {.deadline = Deadline{Clock::now()}, .late_goes_last = true}, answers.take(2)));
  ASSERT_TRUE(flow->submit(inputs({3}), {.deadline = soon()}, answers.take(3)));
  EXPECT_EQ(answers.wait(3).status.error().code, ErrorCode::deadline_exceeded) << "so has the first one's passed";
  ASSERT_TRUE(flow->submit(inputs({4}), {.priority = 5}, answers.take(4)));
  held.release();
  answers.wait_for(5);
  EXPECT_THAT(answers.order(), ElementsAre(3, 0, 4, 1, 2));
  for (const int request : {1, 2}) EXPECT_TRUE(answers.wait(request).status);
}

// Whose idle worker takes what comes.
class AnswersInOrder : public FlowTest {
 protected:
  AnswersInOrder() : FlowTest("staronnx") {}
};

TEST_F(AnswersInOrder, WaitForThoseBeforeThemAndNoWorkerWithThem) {
  if (runtime->groups().size() < 2) GTEST_SKIP() << "needs two cores";
  HeldUp held;
  auto flow = one_segment(held.work(), {.window = 2, .in_order = true});
  ASSERT_TRUE(flow->submit(inputs({0}), {}, answers.take(0)));
  held.wait_until_running();
  for (int i = 1; i < 9; ++i) ASSERT_TRUE(flow->submit(inputs({i}), {}, answers.take(i)));
  while (flow->expected_wait() > Microseconds(0)) std::this_thread::yield();  // the other worker runs them all
  EXPECT_THAT(answers.order(), ElementsAre());
  held.release();
  answers.wait_for(9);
  EXPECT_THAT(answers.order(), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8));
  for (int i = 0; i < 9; ++i) EXPECT_THAT(answers.wait(i).outputs[0], ElementsAre(i));
}

TEST_F(AnswersInOrder, ErrorsToo) {
  HeldUp held;
  auto flow = one_segment(held.work(), {.window = 1, .in_order = true});
  ASSERT_TRUE(flow->submit(inputs({0}), {}, answers.take(0)));
  held.wait_until_running();
  const Deadline soon = Deadline::after(Milliseconds(50), Clock::now());
  ASSERT_TRUE(flow->submit(inputs({1}), {soon}, answers.take(1)));
  const Result<RequestId> cancelled = flow->submit(inputs({2}), {}, answers.take(2));
  ASSERT_TRUE(cancelled);
  flow->cancel(*cancelled);
  ASSERT_TRUE(flow->submit(inputs({3}), {}, answers.take(3)));
  while (!soon.passed(Clock::now())) std::this_thread::yield();
  held.release();
  answers.wait_for(4);
  EXPECT_THAT(answers.order(), ElementsAre(0, 1, 2, 3));
  EXPECT_EQ(answers.wait(1).status.error().code, ErrorCode::deadline_exceeded);
  EXPECT_EQ(answers.wait(2).status.error().code, ErrorCode::cancelled);
  EXPECT_TRUE(answers.wait(3).status);
}

TEST_F(AnswersInOrder, AreNotHeldWithoutLimit) {
  if (runtime->groups().size() < 2) GTEST_SKIP() << "needs two cores";
  HeldUp held;
  auto flow = one_segment(held.work(), {.window = 2, .queue = 3, .in_order = true});
  ASSERT_TRUE(flow->submit(inputs({0}), {}, answers.take(0)));
  held.wait_until_running();
  int accepted = 1;
  while (accepted < 100 && flow->submit(inputs({accepted}), {}, answers.take(accepted))) ++accepted;
  EXPECT_LE(accepted, 1 + 4 + 3 + 1) << "one runs, four are held, three wait, one has a slot";
  held.release();
  flow.reset();
  EXPECT_EQ(answers.order().size(), static_cast<std::size_t>(accepted));
}

TEST_F(AnswersInOrder, AreThoseOfManyThreads) {
  auto flow = flow_of(
      {"x"}, {{{"x"}, {"a"}, each([](std::int64_t v) { return v; })}, {{"a"}, {"y"}, each([](std::int64_t v) { return v; })}},
      {"y"}, {.in_order = true});
  std::mutex mutex;
  std::vector<int> accepted;
  {
    std::vector<std::jthread> submitters;
    for (int thread = 0; thread < 4; ++thread) {
      submitters.emplace_back([&, thread] {
        for (int i = 0; i < 200; ++i) {
          const std::lock_guard lock(mutex);
          const int request = 1000 * thread + i;
          ASSERT_TRUE(flow->submit(inputs({request}), {}, answers.take(request)));
          accepted.push_back(request);
        }
      });
    }
  }
  answers.wait_for(accepted.size());
  EXPECT_EQ(answers.order(), accepted);
}

TEST_F(FlowTest, ClosingCancelsWhatWaitsAndFinishesWhatRuns) {
  HeldUp held;
  auto flow = one_segment(held.work(), {.window = 1});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(flow->submit(inputs({i}), {}, answers.take(i)));
  held.wait_until_running();
  std::jthread closing([&] { flow.reset(); });
  EXPECT_EQ(answers.wait(1).status.error().code, ErrorCode::cancelled);
  EXPECT_EQ(answers.wait(2).status.error().code, ErrorCode::cancelled);
  held.release();
  EXPECT_TRUE(answers.wait(0).status);
  closing.join();
  EXPECT_EQ(answers.order().size(), 3u);
}

TEST_F(FlowTest, DrainingAnswersWhatWasAcceptedAndTakesNothingNew) {
  HeldUp held;
  auto flow = one_segment(held.work(), {.window = 1});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(flow->submit(inputs({i}), {}, answers.take(i)));
  held.wait_until_running();
  Status drained = Error{ErrorCode::internal, "not yet"};
  std::jthread draining([&] { drained = flow->drain(Deadline::never()); });
  while (flow->submit(inputs({9}), {}, answers.take(9))) continue;  // until draining has begun
  held.release();
  draining.join();
  EXPECT_TRUE(drained);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(answers.wait(i).status);
  EXPECT_THAT(flow->submit(inputs({9}), {}, answers.take(9)).error().message, HasSubstr("out of service"));
}

TEST_F(FlowTest, DrainingGivesUpWhatStillWaitsAtTheDeadline) {
  HeldUp held;
  auto flow = one_segment(held.work(), {.window = 1});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(flow->submit(inputs({i}), {}, answers.take(i)));
  held.wait_until_running();
  Status drained;
  std::jthread draining([&] { drained = flow->drain(Deadline::after(Milliseconds(5), Clock::now())); });
  EXPECT_EQ(answers.wait(1).status.error().code, ErrorCode::cancelled);
  EXPECT_EQ(answers.wait(2).status.error().code, ErrorCode::cancelled);
  held.release();
  draining.join();
  EXPECT_THAT(drained.error().message, HasSubstr("2 requests still waited"));
  EXPECT_TRUE(answers.wait(0).status) << "it was running";
}

TEST_F(FlowTest, DrainingLosesNothingThatRunsAtTheDeadline) {
  HeldUp held;
  auto flow = one_segment(held.work(), {.window = 1, .queue = 0});
  ASSERT_TRUE(flow->submit(inputs({0}), {}, answers.take(0)));
  held.wait_until_running();
  Status drained = Error{ErrorCode::internal, "not yet"};
  std::jthread draining([&] { drained = flow->drain(Deadline{Clock::now()}); });
  const auto full = [&] { return flow->submit(inputs({9}), {}, answers.take(9)).error().message; };
  while (full().find("out of service") == std::string::npos) continue;
  held.release();
  draining.join();
  EXPECT_TRUE(drained);
  EXPECT_TRUE(answers.wait(0).status);
}

TEST_F(FlowTest, AnAnswerMaySubmitTheNextRequest) {
  auto flow = one_segment(each([](std::int64_t v) { return v + 1; }), {.window = 1, .queue = 1});
  std::promise<std::int64_t> last;
  std::function<void(std::int64_t)> next = [&](std::int64_t value) {
    const Result<RequestId> accepted = flow->submit(inputs({value}), {}, [&](const Result<Response>& response) {
      const std::int64_t result = numbers_of(response->outputs[0])[0];
      if (result == 50) {
        last.set_value(result);
      } else {
        next(result);
      }
    });
    EXPECT_TRUE(accepted);
  };
  next(0);
  EXPECT_EQ(last.get_future().get(), 50);
  flow.reset();
}

TEST_F(FlowTest, TwoFlowsShareTheWorkers) {
  auto plus = one_segment(each([](std::int64_t v) { return v + 1; }));
  auto minus = one_segment(each([](std::int64_t v) { return v - 1; }));
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(plus->submit(inputs({i}), {}, answers.take(2 * i)));
    ASSERT_TRUE(minus->submit(inputs({i}), {}, answers.take(2 * i + 1)));
  }
  for (int i = 0; i < 100; ++i) {
    EXPECT_THAT(answers.wait(2 * i).outputs[0], ElementsAre(i + 1));
    EXPECT_THAT(answers.wait(2 * i + 1).outputs[0], ElementsAre(i - 1));
  }
  plus.reset();
  ASSERT_TRUE(minus->submit(inputs({5}), {}, answers.take(1000)));
  EXPECT_THAT(answers.wait(1000).outputs[0], ElementsAre(4));
}

class EverySchedulerTest : public FlowTest, public testing::WithParamInterface<std::string> {
 protected:
  EverySchedulerTest() : FlowTest(GetParam()) {}
};

TEST_P(EverySchedulerTest, RunsAPipeline) {
  auto flow = flow_of({"x"},
                      {{{"x"}, {"a"}, each([](std::int64_t v) { return v + 1; })},
                       {{"a"}, {"b"}, each([](std::int64_t v) { return v * 2; })},
                       {{"b", "a"}, {"y"}, each([](std::int64_t v) { return v - 3; })}},
                      {"y"});
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(flow->submit(inputs({i}), {}, answers.take(i)));
  for (int i = 0; i < 50; ++i) EXPECT_THAT(answers.wait(i).outputs[0], ElementsAre((i + 1) * 2 - 3));
  for (int i = 50; i < 60; ++i) {  // one at a time: workers go to sleep in between
    ASSERT_TRUE(flow->submit(inputs({i}), {}, answers.take(i)));
    EXPECT_THAT(answers.wait(i).outputs[0], ElementsAre((i + 1) * 2 - 3));
  }
}

INSTANTIATE_TEST_SUITE_P(StarPU, EverySchedulerTest, testing::ValuesIn(schedulers()), [](const auto& test) {
  std::string name = test.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace staronnx
