#include "staronnx/bench/plain_system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>

namespace staronnx {
namespace {

using testing::ElementsAre;

// Remembers the first byte of each request's first input; waits at `gate`, if there is one.
class RecordingExecutor final : public Executor {
 public:
  const Signature& signature() const override { return signature_; }

  Status run(std::span<const TensorView> inputs, std::span<OutputSlot> outputs) override {
    running.count_down();
    if (gate != nullptr) gate->wait();
    seen.push_back(std::to_integer<int>(inputs[0].data[0]));
    room.push_back(outputs[0].buffer.size());
    return seen.back() == 99 ? Status(Error{ErrorCode::internal, "99"}) : Status();
  }

  std::latch running{1};
  std::latch* gate = nullptr;
  std::vector<int> seen;
  std::vector<std::size_t> room;

 private:
  Signature signature_;
};

Requests requests(std::initializer_list<int> values) {
  Requests requests;
  for (const int value : values) {
    Tensor tensor(DataType::uint8, {1}, 1);
    tensor.data()[0] = static_cast<std::byte>(value);
    requests.emplace_back(2)[1] = std::move(tensor);  // the executor's only input is the request's second
  }
  return requests;
}

PlainSystemOptions options() {
  return {.name = "plain", .threads = 1, .queue = 2, .inputs = {1}, .output_sizes = {Bytes{40}}};
}

TEST(PlainSystem, EveryExecutorHasThreadsOfItsOwn) {
  std::latch gate(1);
  std::vector<std::shared_ptr<RecordingExecutor>> executors;
  for (int i = 0; i < 2; ++i) {
    executors.push_back(std::make_shared<RecordingExecutor>());
    executors.back()->gate = &gate;
  }
  const auto system = plain_system({executors[0], executors[1]}, options(), requests({1, 2}));
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(system->submit(Deadline::never(), [](const Status&) {}).ok());
  for (const auto& executor : executors) executor->running.wait();  // both at once
  gate.count_down();
  system->wait_below(1);
}

TEST(PlainSystem, AnswersRequestsInTurn) {
  auto executor = std::make_shared<RecordingExecutor>();
  const auto system = plain_system({executor}, options(), requests({3, 1, 2}));
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(system->submit(Deadline::never(), [](const Status&) {}).ok());
    system->wait_below(2);
  }
  system->wait_below(1);
  EXPECT_THAT(executor->seen, ElementsAre(3, 1, 2, 3));
  EXPECT_THAT(executor->room, ElementsAre(40, 40, 40, 40));
}

TEST(PlainSystem, PassesOnTheExecutorsError) {
  const auto system = plain_system({std::make_shared<RecordingExecutor>()}, options(), requests({99}));
  Status answer;
  ASSERT_TRUE(system->submit(Deadline::never(), [&](const Status& status) { answer = status; }).ok());
  system->wait_below(1);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().message, "99");
}

TEST(PlainSystem, DropsARequestWhoseDeadlinePassed) {
  auto executor = std::make_shared<RecordingExecutor>();
  const auto system = plain_system({executor}, options(), requests({1}));
  Status answer;
  ASSERT_TRUE(system->submit(Deadline{Clock::now()}, [&](const Status& status) { answer = status; }).ok());
  system->wait_below(1);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::deadline_exceeded);
  EXPECT_TRUE(executor->seen.empty());
}

TEST(PlainSystem, RefusesWhenItsQueueIsFull) {
  std::latch gate(1);
  auto executor = std::make_shared<RecordingExecutor>();
  executor->gate = &gate;
  const auto system = plain_system({executor}, options(), requests({1}));
  std::atomic<int> answers = 0;
  const auto submit = [&] { return system->submit(Deadline::never(), [&](const Status&) { ++answers; }); };
  ASSERT_TRUE(submit().ok());
  executor->running.wait();  // taken from the queue
  ASSERT_TRUE(submit().ok());
  ASSERT_TRUE(submit().ok());
  const Status refused = submit();
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  gate.count_down();
  system->wait_below(1);
  EXPECT_EQ(answers, 3);
}

}  // namespace
}  // namespace staronnx
