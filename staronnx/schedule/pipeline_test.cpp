// Pipelines of real segments on ONNX Runtime and StarPU.
#include "staronnx/schedule/pipeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <starpu.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <latch>
#include <map>
#include <span>
#include <string>
#include <thread>

#include "staronnx/base/temporary_directory.h"
#include "staronnx/schedule/example_plan_for_test.h"
#include "staronnx/schedule/runtime_state.h"
#include "staronnx/schedule/slow_cores_for_test.h"

namespace staronnx {
namespace {

using testing::HasSubstr;

class PipelineTest : public testing::Test {
 protected:
  void start(const std::string& groups) {
    runtime = *Runtime::start({.groups = *core_groups(machine, groups), .cache = directory.path() / "cache"});
  }

  void start_elastic() {
    runtime = *Runtime::start(*runtime_options(machine, "elastic", "staronnx", directory.path() / "cache"));
    for (Variant& variant : example.plan.variants) {
      for (Segment& segment : variant.segments) segment.cpu_time.alone = {{1, Milliseconds(20)}, {2, Milliseconds(10)}};
    }
  }

  // On one core, with a plan that says that batches pay.
  void start_batching() {
    start("1");
    let_requests_batch(Microseconds(1));
  }

  // On all GPUs and a core, which takes long.
  void start_batching_on_gpus() {
    engine = std::make_unique<SlowCores>(Milliseconds(50));
    runtime = *Runtime::start({.groups = *core_groups(machine, "1"), .cache = directory.path() / "cache", .gpus = machine.gpus});
    example.plan.shapes = {{4}, {4}};
    let_requests_batch(Milliseconds(50));
  }

  void let_requests_batch(Microseconds on_a_core) {
    for (Variant& variant : example.plan.variants) {
      for (Segment& segment : variant.segments) {
        segment.cpu_time.alone = {{1, on_a_core}};
        segment.batched = {{2, {{{1, on_a_core}}, {}}}, {4, {{{1, on_a_core}}, {}}}};
      }
    }
  }

  void start() { start(machine.cores.size() > 1 ? "1,1" : "1"); }

  std::unique_ptr<Pipeline> open(const std::string& variant, const PipelineOptions& options = {}) {
    Result<std::unique_ptr<Pipeline>> pipeline =
        Pipeline::open(*runtime, *engine, example.plan, directory.path(), variant, options);
    EXPECT_TRUE(pipeline) << pipeline.error().message;
    return std::move(*pipeline);
  }

  const Machine machine = *detect_machine();
  TemporaryDirectory directory = *TemporaryDirectory::create();
  ExamplePlan example{directory.path()};
  std::unique_ptr<ExecutorFactory> engine = *Engine::create();
  std::unique_ptr<Runtime> runtime;
};

TEST_F(PipelineTest, EveryVariantComputesTheModelWithManyRequestsInFlight) {
  start();
  for (const char* variant : {"whole", "k2", "k3"}) {
    const std::unique_ptr<Pipeline> pipeline = open(variant);
    EXPECT_EQ(pipeline->signature(), example.plan.signature);
    std::vector<Reply> replies(200);
    for (int i = 0; i < 200; ++i) {
      const auto v = static_cast<float>(i);
      ASSERT_TRUE(pipeline->submit(inputs({v, -v, 1, -2}, {1, 2, 3, v}), {}, replies[i].take()));
    }
    for (int i = 0; i < 200; ++i) {
      const auto v = static_cast<float>(i);
      const Result<Floats> y = replies[i].wait();
      ASSERT_TRUE(y) << y.error().message;
      EXPECT_EQ(*y, expected({v, -v, 1, -2}, {1, 2, 3, v})) << variant;
    }
  }
}

// Others use their slots meanwhile, and the pipeline goes before them.
TEST_F(PipelineTest, OutputsThatAreKeptStayAsTheyAre) {
  start();
  struct Kept {
    std::shared_ptr<const std::byte> memory;
    std::size_t bytes = 0;
  };
  std::vector<std::promise<Kept>> kept(50);
  {
    const std::unique_ptr<Pipeline> pipeline = open("k3");
    for (std::size_t i = 0; i < kept.size(); ++i) {
      ASSERT_TRUE(pipeline->submit(inputs({static_cast<float>(i), -1}, {1, 2}), {}, [&kept, i](const Result<Response>& response) {
        const std::span<const std::byte> data = response->outputs[0].data;
        kept[i].set_value({response->keep(data), data.size()});
      }));
    }
    std::vector<Reply> others(50);
    for (Reply& other : others) ASSERT_TRUE(pipeline->submit(inputs({7, 7}, {7, 7}), {}, other.take()));
    for (Reply& other : others) ASSERT_TRUE(other.wait());
  }
  for (std::size_t i = 0; i < kept.size(); ++i) {
    const Kept output = kept[i].get_future().get();
    ASSERT_NE(output.memory, nullptr);
    EXPECT_EQ(floats_of({DataType::float32, {}, {output.memory.get(), output.bytes}}),
              expected({static_cast<float>(i), -1}, {1, 2}));
  }
}

TEST_F(PipelineTest, OnlyOutputsCanBeKept) {
  start();
  const std::unique_ptr<Pipeline> pipeline = open("whole");
  std::promise<bool> kept;
  const Floats elsewhere(4);
  ASSERT_TRUE(pipeline->submit(inputs({1}, {1}), {}, [&](const Result<Response>& response) {
    kept.set_value(response->keep(std::as_bytes(std::span(elsewhere))) != nullptr);
  }));
  EXPECT_FALSE(kept.get_future().get());
}

// Buffers are as large as any request needed.
TEST_F(PipelineTest, AShortOutputKeepsNoLongBuffer) {
  start();
  const std::unique_ptr<Pipeline> pipeline = open("whole");
  const auto keeps = [&](const Floats& x) {
    std::promise<bool> kept;
    EXPECT_TRUE(pipeline->submit(inputs(x, x), {}, [&](const Result<Response>& response) {
      kept.set_value(response->keep(response->outputs[0].data) != nullptr);
    }));
    return kept.get_future().get();
  };
  const Floats many(1000, 1);
  keeps(many);  // the buffers grow
  EXPECT_TRUE(keeps(many));
  EXPECT_FALSE(keeps({1}));
}

// The example's open dimensions are no work for OpenVINO, where the library has it at all.
TEST_F(PipelineTest, AProviderThatCannotRunASegmentIsRefused) {
  start();
  for (Segment& segment : example.plan.variants[1].segments) segment.provider = Provider::openvino;
  const auto pipeline = Pipeline::open(*runtime, *engine, example.plan, directory.path(), "k2", {});
  ASSERT_FALSE(pipeline);
  EXPECT_EQ(pipeline.error().code, ErrorCode::unsupported);
  EXPECT_THAT(pipeline.error().message, HasSubstr("k2-1.onnx'"));
  EXPECT_THAT(pipeline.error().message, HasSubstr("plan the model again"));
}

TEST_F(PipelineTest, AnErrorOfOnnxRuntimeFailsItsRequestAlone) {
  start();
  for (const char* variant : {"whole", "k2", "k3"}) {
    const std::unique_ptr<Pipeline> pipeline = open(variant);
    std::vector<Reply> replies(20);
    for (int i = 0; i < 20; ++i) {
      const Floats shift = i % 3 == 0 ? Floats{1, 2, 3} : Floats{1, 2};
      ASSERT_TRUE(pipeline->submit(inputs({4, -5}, shift), {}, replies[i].take()));
    }
    for (int i = 0; i < 20; ++i) {
      const Result<Floats> y = replies[i].wait();
      ASSERT_EQ(y.ok(), i % 3 != 0) << variant;
      if (!y) continue;
      EXPECT_EQ(*y, expected({4, -5}, {1, 2}));
    }
  }
}

TEST_F(PipelineTest, DynamicDimensionsMayBeLargerThanPlanned) {
  start();
  const std::unique_ptr<Pipeline> pipeline = open("k3");
  for (const std::size_t length : {1000U, 3U, 5000U, 5000U, 0U}) {
    Reply reply;
    const Floats x(length, -2);
    const Floats shift(length, 7);
    ASSERT_TRUE(pipeline->submit(inputs(x, shift), {}, reply.take()));
    const Result<Floats> y = reply.wait();
    ASSERT_TRUE(y) << y.error().message;
    EXPECT_EQ(*y, expected(x, shift));
  }
}

TEST_F(PipelineTest, PipelinesOfOneRuntimeWorkSideBySide) {
  start();
  const std::unique_ptr<Pipeline> whole = open("whole");
  const std::unique_ptr<Pipeline> cut = open("k3");
  std::vector<Reply> replies(100);
  for (int i = 0; i < 100; ++i) {
    Pipeline& pipeline = i % 2 == 0 ? *whole : *cut;
    ASSERT_TRUE(pipeline.submit(inputs({1, -1}, {2, 3}), {}, replies[i].take()));
  }
  for (Reply& reply : replies) EXPECT_EQ(*reply.wait(), expected({1, -1}, {2, 3}));
}

using Affinities = std::map<std::string, std::string>;  // "Cpus_allowed_list" by thread

Affinities affinity_by_thread() {
  Affinities found;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream status(task.path() / "status");
    const std::string title = "Cpus_allowed_list:\t";
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with(title)) found[task.path().filename()] = line.substr(title.size());
    }
  }
  return found;
}

bool one_is_pinned_now(int core, const Affinities& before) {
  return std::ranges::any_of(affinity_by_thread(), [&](const auto& thread) {
    return thread.second == std::to_string(core) && !before.contains(thread.first);
  });
}

// Whether a thread that was not there `before` gets pinned to `core`. Threads of ONNX Runtime pin themselves when they begin to run, which
// may be after the pipeline is open.
bool one_is_pinned_to(int core, const Affinities& before) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!one_is_pinned_now(core, before)) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

TEST_F(PipelineTest, ThreadsOfAWideGroupArePinnedToItsOtherCores) {
  if (machine.cores.size() < 2) GTEST_SKIP() << "needs two cores";
  start("2");
  const auto before = affinity_by_thread();
  const std::unique_ptr<Pipeline> pipeline = open("whole");
  EXPECT_TRUE(one_is_pinned_to(runtime->groups()[0].cores[1], before));
  Reply reply;
  ASSERT_TRUE(pipeline->submit(inputs({4, -5}, {1, 2}), {}, reply.take()));
  EXPECT_EQ(*reply.wait(), expected({4, -5}, {1, 2}));
}

TEST_F(PipelineTest, ALoneRequestTakesAllCoresOfElasticGroups) {
  if (machine.cores.size() != 2) GTEST_SKIP() << "written for two cores";
  start_elastic();
  const std::unique_ptr<Pipeline> pipeline = open("k2");
  std::promise<std::vector<int>> widths;
  ASSERT_TRUE(pipeline->submit(inputs({4, -5}, {1, 2}), {}, [&](const Result<Response>& response) {
    std::vector<int> ran;
    for (const SegmentRun& segment : response->segments)
      ran.push_back(runtime->places()[static_cast<std::size_t>(segment.place)].width());
    widths.set_value(ran);
  }));
  EXPECT_THAT(widths.get_future().get(), testing::ElementsAre(2, 2));
}

TEST_F(PipelineTest, ElasticGroupsComputeTheModelWithManyRequestsInFlight) {
  start_elastic();
  for (const char* variant : {"whole", "k2", "k3"}) {
    const std::unique_ptr<Pipeline> pipeline = open(variant);
    std::vector<Reply> replies(500);
    for (int i = 0; i < 500; ++i) {
      const auto v = static_cast<float>(i);
      ASSERT_TRUE(pipeline->submit(inputs({v, -v}, {1, v}), {}, replies[i].take()));
    }
    for (int i = 0; i < 500; ++i) {
      const auto v = static_cast<float>(i);
      const Result<Floats> y = replies[i].wait();
      ASSERT_TRUE(y) << y.error().message;
      EXPECT_EQ(*y, expected({v, -v}, {1, v})) << variant;
    }
  }
}

TEST_F(PipelineTest, WhatWaitsRunsInBatchesAndEachGetsItsOwnResult) {
  start_batching();
  for (const char* variant : {"whole", "k2", "k3"}) {
    const std::unique_ptr<Pipeline> pipeline = open(variant);
    constexpr int kRequests = 1'000;
    std::vector<Floats> answers(kRequests);
    std::atomic<int> answered = 0, in_batches = 0;
    Occupied worker;  // so that requests wait
    for (int i = 0; i < kRequests; ++i) {
      const auto v = static_cast<float>(i);
      const Floats x(static_cast<std::size_t>(1 + i % 3), v);  // only requests of one size run together
      ASSERT_TRUE(pipeline->submit(inputs(x, x), {}, [&, i](const Result<Response>& response) {
        ASSERT_TRUE(response) << response.error().message;
        answers[static_cast<std::size_t>(i)] = floats_of(response->outputs[0]);
        if (response->segments[0].batch > 1) ++in_batches;
        if (++answered == kRequests) answered.notify_one();
      }));
    }
    worker.let_go();
    for (int seen = answered; seen < kRequests; seen = answered) answered.wait(seen);
    for (int i = 0; i < kRequests; ++i) {
      const Floats x(static_cast<std::size_t>(1 + i % 3), static_cast<float>(i));
      EXPECT_EQ(answers[static_cast<std::size_t>(i)], expected(x, x)) << variant;
    }
    EXPECT_GT(in_batches, 0);
  }
}

TEST_F(PipelineTest, OnAGpuWhatWaitsRunsInBatchesAndEachGetsItsOwnResult) {
  if (machine.gpus.empty()) GTEST_SKIP() << "no GPU that this build and this machine can use";
  start_batching_on_gpus();
  for (const char* variant : {"whole", "k2", "k3"}) {
    int in_batches = 0;
    for (int round = 0; in_batches == 0 && round < 5; ++round) {  // each tries out anew what batches take
      const std::unique_ptr<Pipeline> pipeline = open(variant);
      const Answers answers = answers_to_many(*pipeline, static_cast<int>(runtime->state().workers_elsewhere()), true);
      EXPECT_EQ(answers.right + answers.failed, kManyRequests) << variant;
      EXPECT_EQ(answers.failed, 67) << variant;
      in_batches += answers.in_batches_elsewhere;
    }
    EXPECT_GT(in_batches, 0) << variant;
  }
}

TEST_F(PipelineTest, AnErrorInABatchFailsTheRequestsThatAreWrongAlone) {
  start_batching();
  const std::unique_ptr<Pipeline> pipeline = open("k2");
  std::vector<Reply> replies(100);
  for (int i = 0; i < 100; ++i) {
    const Floats shift = i % 3 == 0 ? Floats{1, 2, 3} : Floats{1, 2};
    ASSERT_TRUE(pipeline->submit(inputs({4, -5}, shift), {}, replies[i].take()));
  }
  for (int i = 0; i < 100; ++i) {
    const Result<Floats> y = replies[i].wait();
    ASSERT_EQ(y.ok(), i % 3 != 0);
    if (y) {
      EXPECT_EQ(*y, expected({4, -5}, {1, 2}));
    }
  }
}

// When a request began to run.
class Began {
 public:
  Pipeline::Done take() {
    return [this](const Result<Response>& response) {
      at_.set_value(response ? response->segments[0].begin : Clock::time_point::min());
    };
  }
  Clock::time_point wait() { return at_.get_future().get(); }

 private:
  std::promise<Clock::time_point> at_;
};

constexpr Seconds kNoTestWaitsSoLong{1000};

// Whether they then run as one is decided by what that is expected to take.
TEST_F(PipelineTest, RequestsWaitForAPreferredBatchWhereThatIsWanted) {
  start_batching();
  for (const char* variant : {"whole", "k2"}) {
    const std::unique_ptr<Pipeline> pipeline = open(variant, {.batch_wait = kNoTestWaitsSoLong, .preferred_batches = {3}});
    for (int round = 0; round < 3; ++round) {
      std::vector<Began> requests(3);
      for (int i = 0; i < 2; ++i) ASSERT_TRUE(pipeline->submit(inputs({1, 2}, {3, 4}), {}, requests[i].take()));
      const Clock::time_point complete = Clock::now();
      ASSERT_TRUE(pipeline->submit(inputs({1, 2}, {3, 4}), {}, requests[2].take()));
      for (Began& request : requests) EXPECT_GT(request.wait(), complete);
    }
  }
}

TEST_F(PipelineTest, ABatchIsCompleteByTheRowsOfItsRequests) {
  start_batching();
  const std::unique_ptr<Pipeline> pipeline = open("k2", {.batch_wait = kNoTestWaitsSoLong});
  std::vector<Began> requests(2);
  ASSERT_TRUE(pipeline->submit(inputs({1, 2}, {3, 4}), {.rows = 3}, requests[0].take()));
  const Clock::time_point complete = Clock::now();
  ASSERT_TRUE(pipeline->submit(inputs({1, 2}, {3, 4}), {.rows = 1}, requests[1].take()));
  for (Began& request : requests) EXPECT_GT(request.wait(), complete);
}

TEST_F(PipelineTest, ABatchIsNotWaitedForForever) {
  start_batching();
  const std::unique_ptr<Pipeline> pipeline = open("k2", {.batch_wait = Milliseconds(5)});
  const Clock::time_point came = Clock::now();
  for (int i = 0; i < 3; ++i) {
    Began alone;
    ASSERT_TRUE(pipeline->submit(inputs({1}, {3}), {}, alone.take()));
    EXPECT_GT(alone.wait(), came);
  }
}

TEST_F(PipelineTest, NeitherADeadlineNorTheEndWaitsForABatch) {
  start_batching();
  const std::unique_ptr<Pipeline> pipeline = open("k2", {.batch_wait = kNoTestWaitsSoLong});
  const Clock::time_point came = Clock::now();
  Began in_a_hurry, last;
  ASSERT_TRUE(pipeline->submit(inputs({1}, {3}), {Deadline::after(Seconds(100), Clock::now())}, in_a_hurry.take()));
  EXPECT_GT(in_a_hurry.wait(), came);
  ASSERT_TRUE(pipeline->submit(inputs({1}, {3}), {}, last.take()));
  EXPECT_TRUE(pipeline->drain(Deadline::never()));
  EXPECT_GT(last.wait(), came);
}

TEST_F(PipelineTest, WithoutBatchesThatPayNobodyWaitsForThemAndANoteSaysSo) {
  start();
  const std::unique_ptr<Pipeline> pipeline = open("k2", {.batch_wait = kNoTestWaitsSoLong, .preferred_batches = {4}});
  const Clock::time_point came = Clock::now();
  Began alone;
  ASSERT_TRUE(pipeline->submit(inputs({1}, {3}), {}, alone.take()));
  EXPECT_GT(alone.wait(), came);
  EXPECT_THAT(pipeline->notes(), testing::Contains(HasSubstr("do not wait for others")));
}

TEST_F(PipelineTest, OpeningLeavesTheCallersAffinityAlone) {
  start();
  const auto before = affinity_by_thread();
  const std::unique_ptr<Pipeline> pipeline = open("k2");
  const auto after = affinity_by_thread();
  for (const auto& [thread, cores] : before) EXPECT_EQ(after.at(thread), cores);
}

TEST_F(PipelineTest, RefusesAVariantThatThePlanHasNot) {
  start();
  const auto pipeline = Pipeline::open(*runtime, *engine, example.plan, directory.path(), "k9", {});
  ASSERT_FALSE(pipeline);
  EXPECT_EQ(pipeline.error().code, ErrorCode::not_found);
  EXPECT_THAT(pipeline.error().message, HasSubstr("'k9'; it has: whole, k2, k3"));
}

TEST_F(PipelineTest, RefusesSegmentsThatAreMissingOrNotThePlans) {
  start();
  std::filesystem::remove(directory.path() / "k2-2.onnx");
  const auto missing = Pipeline::open(*runtime, *engine, example.plan, directory.path(), "k2", {});
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message, HasSubstr("k2-2.onnx"));
  std::filesystem::copy_file(directory.path() / "k3-3.onnx", directory.path() / "k2-2.onnx");
  const auto other = Pipeline::open(*runtime, *engine, example.plan, directory.path(), "k2", {});
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().message, HasSubstr("plan the model again"));
}

}  // namespace
}  // namespace staronnx
