// Segments on nodes: real processes, real StarPU. StarPU serves nodes once in a process, so each test has its server in a process, too.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>

#include "staronnx/base/temporary_directory.h"
#include "staronnx/schedule/example_plan_for_test.h"
#include "staronnx/schedule/node.h"
#include "staronnx/schedule/runtime_state.h"
#include "staronnx/schedule/slow_cores_for_test.h"

namespace staronnx {
namespace {

CoreGroup first_core() {
  return core_groups(*detect_machine(), "1")->front();
}

// A server of one core with nodes n1, n2, .., which are begun when the server listens. Segments take `on_a_core` there; what they take
// on the nodes is tried out; `batches`: and that requests may be batched, as twos and fours on the core.
class WithNodes {
 public:
  explicit WithNodes(std::size_t count, Microseconds on_a_core = Milliseconds(50), bool batches = false) {
    for (std::size_t i = 0; i < count; ++i) nodes_directories_.push_back(*TemporaryDirectory::create());
    plan_.plan.shapes = {{4}, {4}};
    for (Variant& variant : plan_.plan.variants) {
      for (Segment& segment : variant.segments) {
        segment.cpu_time.alone = {{1, on_a_core}};
        if (batches) segment.batched = {{2, {{{1, 1.1 * on_a_core}}, {}}}, {4, {{{1, 1.2 * on_a_core}}, {}}}};
      }
    }
    RuntimeOptions options{{first_core()}, "staronnx", false, directory_.path()};
    options.nodes.count = count;
    options.nodes.progress = [this](std::string_view news) {
      if (const std::size_t at = news.find("--join "); at != std::string_view::npos)
        begin_nodes(std::string(news.substr(at + 7)));
    };
    Result<std::unique_ptr<Runtime>> started = Runtime::start(options);
    if (!started) give_up(started.error());
    runtime = *std::move(started);
    engine_ = std::make_unique<SlowCores>(on_a_core);  // has threads, so not before fork()
  }

  std::unique_ptr<Pipeline> open(const std::string& variant, int window = 4) {
    Result<std::unique_ptr<Pipeline>> pipeline =
        Pipeline::open(*runtime, *engine_, plan_.plan, directory_.path(), variant, {.window = window});
    if (!pipeline) give_up(pipeline.error());
    return *std::move(pipeline);
  }

  void kill_node() const { kill(node_, SIGKILL); }

  std::unique_ptr<Runtime> runtime;

 private:
  [[noreturn]] static void give_up(const Error& error) {
    std::cerr << error.message << std::endl;
    std::_Exit(1);
  }

  void begin_nodes(const std::string& address) {
    for (std::size_t i = 0; i < nodes_directories_.size(); ++i) {
      node_ = fork();
      if (node_ != 0) continue;
      const NodeIdentity identity{"n" + std::to_string(i + 1), first_core()};
      give_up(run_node({address, nodes_directories_[i].path(), identity, directory_.path()}));
    }
  }

  const TemporaryDirectory directory_ = *TemporaryDirectory::create();
  std::vector<TemporaryDirectory> nodes_directories_;
  ExamplePlan plan_{directory_.path()};
  std::unique_ptr<SlowCores> engine_;
  pid_t node_ = 0;  // the last
};

struct Seen {
  Result<Floats> result = Error{};
  std::vector<int> places;
};

Seen answer_to(Pipeline& pipeline, const Floats& x, const Floats& shift) {
  std::promise<Seen> promise;
  const Result<RequestId> accepted = pipeline.submit(inputs(x, shift), {}, [&](const Result<Response>& response) {
    Seen seen{response ? Result<Floats>(floats_of(response->outputs[0])) : Result<Floats>(response.error()), {}};
    if (response) {
      for (const SegmentRun& run : response->segments) seen.places.push_back(run.place);
    }
    promise.set_value(seen);
  });
  return accepted ? promise.get_future().get() : Seen{accepted.error(), {}};
}

// Ends the server's process: with 0 when nothing failed.
[[noreturn]] void end() {
  std::exit(testing::Test::HasFailure() ? 1 : 0);
}

const Floats x{1, -2, 3, -4}, shift{10, 20, 30, 40};

class Nodes : public testing::Test {
 protected:
  Nodes() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

void all_on_the_node() {
  {
    WithNodes server(1);
    EXPECT_EQ(server.runtime->places()[0].name(), "node n1, " + first_core().name());
    for (const char* variant : {"whole", "k2", "k3"}) {
      const std::unique_ptr<Pipeline> pipeline = server.open(variant);
      for (int i = 0; i < 3; ++i) {
        const Seen seen = answer_to(*pipeline, x, shift);
        EXPECT_TRUE(seen.result);
        EXPECT_EQ(*seen.result, expected(x, shift));
        EXPECT_THAT(seen.places, testing::Each(0));
      }
    }
  }
  end();
}

TEST_F(Nodes, ComputeWhatTheServerWould) {
  EXPECT_EXIT(all_on_the_node(), testing::ExitedWithCode(0), "");
}

void segments_here_and_there() {
  {
    WithNodes server(1, Microseconds(100));
    const std::unique_ptr<Pipeline> pipeline = server.open("k3");
    std::vector<Reply> replies(200);
    for (Reply& reply : replies) {
      const Result<RequestId> accepted = pipeline->submit(inputs(x, shift), {}, reply.take());
      EXPECT_TRUE(accepted);
    }
    for (Reply& reply : replies) EXPECT_EQ(*reply.wait(), expected(x, shift));
  }
  end();
}

TEST_F(Nodes, ShareSegmentsWithTheServer) {
  EXPECT_EXIT(segments_here_and_there(), testing::ExitedWithCode(0), "");
}

void batches_on_the_node() {
  {
    WithNodes server(1, Milliseconds(50), true);
    server.runtime->state().links = {};  // what is measured on a busy machine may hide what batches save
    for (const char* variant : {"whole", "k2", "k3"}) {
      int in_batches = 0;
      for (int round = 0; in_batches == 0 && round < 20; ++round) {  // each tries out anew what batches take
        const std::unique_ptr<Pipeline> pipeline = server.open(variant, 0);
        const Answers answers = answers_to_many(*pipeline);
        EXPECT_EQ(answers.right, kManyRequests) << variant;
        in_batches += answers.in_batches_elsewhere;
      }
      EXPECT_GT(in_batches, 0) << variant;
    }
  }
  end();
}

TEST_F(Nodes, RunWhatWaitsInBatchesAndEachGetsItsOwnResult) {
  EXPECT_EXIT(batches_on_the_node(), testing::ExitedWithCode(0), "");
}

void batches_here_and_there() {
  {
    WithNodes server(1, Microseconds(100), true);
    const std::unique_ptr<Pipeline> pipeline = server.open("k3", 0);
    EXPECT_EQ(answers_to_many(*pipeline).right, kManyRequests);
  }
  end();
}

TEST_F(Nodes, ShareBatchesWithTheServer) {
  EXPECT_EXIT(batches_here_and_there(), testing::ExitedWithCode(0), "");
}

void wrong_requests_in_batches() {
  {
    WithNodes server(1, Milliseconds(50), true);
    const std::unique_ptr<Pipeline> pipeline = server.open("k2", 0);
    const Answers answers = answers_to_many(*pipeline, 1, true);
    EXPECT_EQ(answers.right + answers.failed, kManyRequests);
    EXPECT_EQ(answers.failed, 67);
  }
  end();
}

TEST_F(Nodes, FailOfABatchOnlyWhatIsWrongAlone) {
  EXPECT_EXIT(wrong_requests_in_batches(), testing::ExitedWithCode(0), "");
}

void many_share_segments(std::size_t count) {
  {
    WithNodes server(count, Microseconds(100));
    std::vector<std::string> expected_names, names;
    for (std::size_t i = 0; i < count; ++i) {
      expected_names.push_back("n" + std::to_string(i + 1));
      names.push_back(server.runtime->places()[i].node);
    }
    EXPECT_THAT(names, testing::UnorderedElementsAreArray(expected_names));
    const std::unique_ptr<Pipeline> pipeline = server.open("k3");
    std::vector<Reply> replies(100);
    for (Reply& reply : replies) {
      const Result<RequestId> accepted = pipeline->submit(inputs(x, shift), {}, reply.take());
      EXPECT_TRUE(accepted);
    }
    for (Reply& reply : replies) EXPECT_EQ(*reply.wait(), expected(x, shift));
  }
  end();
}

TEST_F(Nodes, MeetWhenTheyAreThree) {
  EXPECT_EXIT(many_share_segments(3), testing::ExitedWithCode(0), "");
}

TEST_F(Nodes, MeetWhenTheyAreFour) {
  EXPECT_EXIT(many_share_segments(4), testing::ExitedWithCode(0), "");
}

void longer_than_planned() {
  {
    WithNodes server(1);
    const std::unique_ptr<Pipeline> pipeline = server.open("k2");
    const Floats longer(100, -1), its_shift(100, 5);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(*answer_to(*pipeline, longer, its_shift).result, expected(longer, its_shift));
    EXPECT_EQ(*answer_to(*pipeline, x, shift).result, expected(x, shift));
  }
  end();
}

TEST_F(Nodes, LeaveToTheServerWhatHasNoRoomThere) {
  EXPECT_EXIT(longer_than_planned(), testing::ExitedWithCode(0), "");
}

void a_request_that_fails() {
  {
    WithNodes server(1);
    const std::unique_ptr<Pipeline> pipeline = server.open("k2");
    const Seen failed = answer_to(*pipeline, x, {1, 2, 3});
    EXPECT_FALSE(failed.result);
    EXPECT_THAT(failed.result.error().message, testing::HasSubstr("k2-1.onnx"));
    EXPECT_EQ(*answer_to(*pipeline, x, shift).result, expected(x, shift));
  }
  end();
}

TEST_F(Nodes, SurviveARequestThatFailsThere) {
  EXPECT_EXIT(a_request_that_fails(), testing::ExitedWithCode(0), "");
}

void a_node_dies() {
  WithNodes server(1);
  const std::unique_ptr<Pipeline> pipeline = server.open("whole");
  server.kill_node();
  for (;;) pause();
}

TEST_F(Nodes, EndTheServerWhenTheyDie) {
  EXPECT_EXIT(a_node_dies(), testing::ExitedWithCode(kNodeLost), "node n1 is gone");
}

void a_node_dies_at_work() {
  WithNodes server(1);
  const std::unique_ptr<Pipeline> pipeline = server.open("whole");
  server.kill_node();
  for (;;) answer_to(*pipeline, x, shift);
}

TEST_F(Nodes, EndTheServerWhenTheyDieAtWork) {
  EXPECT_EXIT(a_node_dies_at_work(), testing::ExitedWithCode(kNodeLost), "node n1 is gone");
}

}  // namespace
}  // namespace staronnx
