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

#include "staronnx/base/temporary_directory.h"
#include "staronnx/schedule/runtime.h"

namespace staronnx {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Tensor numbers(std::vector<std::int64_t> values) {
  Tensor tensor(DataType::int64, {static_cast<std::int64_t>(values.size())}, values.size() * sizeof(std::int64_t));
  std::ranges::copy(std::as_bytes(std::span(values)), tensor.data().begin());
  return tensor;
}

std::vector<std::int64_t> numbers_of(const TensorView& view) {
  std::vector<std::int64_t> values(view.data.size() / sizeof(std::int64_t));
  std::ranges::copy(view.data, std::as_writable_bytes(std::span(values)).begin());
  return values;
}

void put(OutputSlot& slot, std::vector<std::int64_t> values) {
  const Tensor tensor = numbers(std::move(values));
  slot.shape = tensor.shape();
  std::span<std::byte> place = slot.buffer.first(std::min(slot.buffer.size(), tensor.data().size()));
  if (place.size() < tensor.data().size()) {
    slot.overflow.resize(tensor.data().size());
    place = slot.overflow;
  }
  std::copy(tensor.data().begin(), tensor.data().end(), place.begin());
  slot.view = {DataType::int64, slot.shape, place};
}

using Work = std::function<Status(std::span<const TensorView>, std::span<OutputSlot>)>;

class FakeExecutor final : public Executor {
 public:
  explicit FakeExecutor(Work work) : work_(std::move(work)) {}
  const Signature& signature() const override { return signature_; }
  Status run(std::span<const TensorView> inputs, std::span<OutputSlot> outputs) override { return work_(inputs, outputs); }

 private:
  Signature signature_;
  Work work_;
};

// First input, each number changed.
Work each(std::function<std::int64_t(std::int64_t)> change) {
  return [change](std::span<const TensorView> inputs, std::span<OutputSlot> outputs) {
    std::vector<std::int64_t> values = numbers_of(inputs[0]);
    for (std::int64_t& value : values) value = change(value);
    put(outputs[0], values);
    return Status();
  };
}

struct FakeSegment {
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  Work work;
};

TensorInfo int64_vector(const std::string& name) {
  TensorInfo info;
  info.name = name;
  info.type = DataType::int64;
  info.shape = {-1};
  info.dimension_names = {"n"};
  return info;
}

std::vector<CoreGroup> one_core_groups() {
  const Machine machine = *detect_machine();
  return *core_groups(machine, machine.cores.size() > 1 ? "1,1" : "1");
}

// What came of a request.
struct Answer {
  Status status;
  std::vector<std::vector<std::int64_t>> outputs;
  std::vector<SegmentRun> segments;
};

// Collects answers by the number of the request, and counts them.
class Answers {
 public:
  Pipeline::Done take(int request) {
    return [this, request](const Result<Response>& response) {
      Answer answer;
      if (response) {
        for (const TensorView& output : response->outputs) answer.outputs.push_back(numbers_of(output));
        answer.segments.assign(response->segments.begin(), response->segments.end());
      } else {
        answer.status = response.error();
      }
      const std::lock_guard lock(mutex_);
      order_.push_back(request);
      by_request_[request] = answer;
      came_.notify_all();
    };
  }

  Answer wait(int request) {
    std::unique_lock lock(mutex_);
    came_.wait(lock, [&] { return by_request_.contains(request); });
    return by_request_[request];
  }

  void wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    came_.wait(lock, [&] { return order_.size() >= count; });
  }

  // Requests in the order of their answers.
  std::vector<int> order() {
    const std::lock_guard lock(mutex_);
    return order_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::map<int, Answer> by_request_;
  std::vector<int> order_;
};

class FlowTest : public testing::Test {
 protected:
  explicit FlowTest(const std::string& scheduler = "dmdas") {
    runtime = *Runtime::start({.groups = one_core_groups(), .scheduler = scheduler, .cache = directory.path()});
  }

  // A model of `segments` that reads `inputs` and gives `outputs`; the plan says `bytes` for each tensor.
  std::unique_ptr<Flow> flow_of(const std::vector<std::string>& inputs, const std::vector<FakeSegment>& segments,
                                const std::vector<std::string>& outputs, const PipelineOptions& options = {},
                                std::uint64_t bytes = 64) {
    Plan plan;
    Variant variant;
    for (const std::string& name : inputs) plan.signature.inputs.push_back(int64_vector(name));
    for (const std::string& name : outputs) plan.signature.outputs.push_back(int64_vector(name));
    std::vector<std::unique_ptr<PreparedSegment>> prepared;
    for (const FakeSegment& segment : segments) {
      Segment& planned = variant.segments.emplace_back();
      planned.inputs = segment.inputs;
      planned.outputs = segment.outputs;
      for (const std::string& name : segment.outputs) plan.tensors[name] = {int64_vector(name), Bytes{bytes}};
      const PreparedSegment::OnPlace on_place{std::make_shared<FakeExecutor>(segment.work), {Microseconds(100)}};
      prepared.push_back(std::make_unique<PreparedSegment>("segment", std::vector(runtime->places().size(), on_place)));
    }
    return std::make_unique<Flow>(runtime->state(), plan.signature, *route_of(plan, variant), std::move(prepared), options);
  }

  std::unique_ptr<Flow> one_segment(Work work, const PipelineOptions& options = {}, std::uint64_t bytes = 64) {
    return flow_of({"x"}, {{{"x"}, {"y"}, std::move(work)}}, {"y"}, options, bytes);
  }

  static std::vector<Tensor> inputs(std::vector<std::int64_t> values) {
    std::vector<Tensor> made;
    made.push_back(numbers(std::move(values)));
    return made;
  }

  TemporaryDirectory directory = *TemporaryDirectory::create();
  std::unique_ptr<Runtime> runtime;
  Answers answers;
};

// Holds up the first run until released.
class HeldUp {
 public:
  Work work() {
    return [this](std::span<const TensorView> inputs, std::span<OutputSlot> outputs) {
      if (first_.exchange(false)) {
        began_.count_down();
        release_.wait();
      }
      put(outputs[0], numbers_of(inputs[0]));
      return Status();
    };
  }
  void wait_until_running() { began_.wait(); }
  void release() { release_.count_down(); }

 private:
  std::atomic<bool> first_ = true;
  std::latch began_{1};
  std::latch release_{1};
};

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
