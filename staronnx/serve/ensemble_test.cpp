// Ensembles of real models on ONNX Runtime and StarPU, in a catalog; under real clients: tests/test_serve_ensembles.py.
#include "staronnx/serve/ensemble.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <future>
#include <thread>

#include "staronnx/base/temporary_directory.h"
#include "staronnx/model/model.h"
#include "staronnx/model/model_for_test.h"
#include "staronnx/serve/request_path.h"

namespace staronnx {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

using Floats = std::vector<float>;

TensorInfo vector_called(const std::string& name, const std::string& dimension) {
  return {name, DataType::float32, {-1}, {dimension}};
}

// y = |x| + z, in one segment; other lengths of z than x's are an error when it runs.
Plan plan_in(const std::filesystem::path& directory) {
  const Model model = *model_from({{.inputs = {vector_called("x", "n"), vector_called("z", "m")},
                                    .outputs = {vector_called("y", "k")},
                                    .nodes = {{.op_type = "Abs", .inputs = {"x"}, .outputs = {"a"}, .name = "abs"},
                                              {.op_type = "Add", .inputs = {"a", "z"}, .outputs = {"y"}, .name = "add"}}}});
  Plan plan;
  plan.signature = model.signature();
  Segment segment;
  segment.file = "whole.onnx";
  segment.inputs = {"x", "z"};
  segment.outputs = {"y"};
  segment.cpu_time.alone = {{1, Microseconds(100)}};
  EXPECT_TRUE(model.save(directory / segment.file).ok());
  Variant& variant = plan.variants.emplace_back();
  variant.name = "whole";
  variant.segments = {segment};
  for (const char* name : {"x", "z", "y"}) plan.tensors[name] = {vector_called(name, name), Bytes{4 * sizeof(float)}};
  return plan;
}

Tensor tensor_of(const Floats& values) {
  Tensor tensor(DataType::float32, {static_cast<std::int64_t>(values.size())}, values.size() * sizeof(float));
  std::memcpy(tensor.data().data(), values.data(), tensor.data().size());
  return tensor;
}

std::string step(const std::string& model, const std::string& x, const std::string& z, const std::string& y) {
  return " step { model_name: '" + model + "' input_map { key: 'x' value: '" + x + "' } input_map { key: 'z' value: '" + z +
         "' } output_map { key: 'y' value: '" + y + "' } }";
}

// With inputs x and z and outputs y, and others.
std::string ensemble(const std::string& steps, const std::vector<std::string>& more_outputs = {}) {
  const std::string tensor = "' data_type: TYPE_FP32 dims: [-1] } ";
  std::string text = "input { name: 'x" + tensor + "input { name: 'z" + tensor + "output { name: 'y" + tensor;
  for (const std::string& output : more_outputs) text += "output { name: '" + output + tensor;
  return text + "ensemble_scheduling {" + steps + " }";
}

const std::string diamond =
    ensemble(step("m", "x", "z", "a") + step("m", "a", "z", "b") + step("m", "a", "x", "c") + step("m", "b", "c", "y"));

class EnsembleTest : public testing::Test {
 protected:
  explicit EnsembleTest(std::string widths = "1,1") : groups(std::move(widths)) {}

  Status load(const std::string& name, const std::string& config) {
    const Result<ModelConfig> parsed = ModelConfig::parse(config, "config.pbtxt", name);
    if (!parsed) return parsed.error();
    std::promise<Status> loaded;
    const Status begun = catalog.load({name, 1, {}, *parsed}, [&](const Status& status) { loaded.set_value(status); });
    return begun ? loaded.get_future().get() : begun;
  }

  static InferenceRequest request_for(const std::string& model, const Floats& x, const Floats& z) {
    InferenceRequest request{model};
    request.inputs.push_back({"x", tensor_of(x)});
    request.inputs.push_back({"z", tensor_of(z)});
    return request;
  }

  // The outputs, one after the other.
  Result<Floats> ask(InferenceRequest request) {
    auto promise = std::make_shared<std::promise<Result<Floats>>>();
    const Result<RunningInference> running =
        infer(server, std::move(request), [promise](const Result<InferenceResponse>& response) {
          if (!response) return promise->set_value(response.error());
          Floats values;
          for (const InferenceOutput& output : response->outputs) {
            Floats some(output.tensor.data.size() / sizeof(float));
            std::memcpy(some.data(), output.tensor.data.data(), output.tensor.data.size());
            values.insert(values.end(), some.begin(), some.end());
          }
          promise->set_value(values);
        });
    return running ? promise->get_future().get() : Result<Floats>(running.error());
  }

  StatisticsSnapshot statistics(const std::string& model) { return (*catalog.find(model, {}))->statistics().snapshot(); }

  const std::string groups;  // of cores
  const TemporaryDirectory directory = *TemporaryDirectory::create();
  const Plan plan = plan_in(directory.path());
  const Machine machine = *detect_machine();
  const std::unique_ptr<Log> log = *Log::open({});
  const std::unique_ptr<Engine> engine = *Engine::create();
  const std::unique_ptr<Runtime> runtime = *Runtime::start(
      {.groups = *core_groups(machine, machine.cores.size() > 1 ? groups : "1"), .cache = directory.path() / "cache"});
  Catalog catalog{
      [this](const LoadRequest& request) { return ServedModel::load(*runtime, *engine, plan, directory.path(), request); }};
  RepositoryControl control{catalog, {}};
  SharedMemory memory{false};
  const std::unique_ptr<Tracer> tracer = *Tracer::open({}, 1, *log);
  Server server{{}, catalog, control, memory, *tracer, *log};
};

TEST_F(EnsembleTest, StepsRunOneAfterTheOther) {
  ASSERT_TRUE(load("m", "").ok());
  ASSERT_TRUE(load("e", diamond).ok());
  // a = |x| + z = {3, 4}; b = a + z = {5, 6}; c = a + x = {2, 6}; y = b + c
  EXPECT_THAT(*ask(request_for("e", {-1, 2}, {2, 2})), ElementsAre(7, 12));
  EXPECT_EQ(statistics("e").success.count, 1u);
  EXPECT_EQ(statistics("e").executions(), 1u);
  EXPECT_TRUE(statistics("e").segments.empty());
  EXPECT_EQ(statistics("m").success.count, 4u);
  EXPECT_GT(statistics("e").compute_infer.total.count(), 0);
}

TEST_F(EnsembleTest, OnlyWhatIsAskedForRuns) {
  ASSERT_TRUE(load("m", "").ok());
  ASSERT_TRUE(
      load("e", ensemble(step("m", "x", "z", "a") + step("m", "a", "z", "y") + step("m", "a", "x", "w"), {"w", "a"})).ok());
  const auto ask_for = [&](std::vector<RequestedOutput> outputs) {
    InferenceRequest request = request_for("e", {-1, 2}, {2, 2});
    request.outputs = std::move(outputs);
    return ask(std::move(request));
  };
  EXPECT_THAT(*ask_for({}), ElementsAre(5, 6, 2, 6, 3, 4));
  EXPECT_THAT(*ask_for({{"a"}}), ElementsAre(3, 4));
  EXPECT_EQ(statistics("m").success.count, 4u);
  EXPECT_THAT(*ask_for({{"w"}, {"a"}}), ElementsAre(2, 6, 3, 4));
}

TEST_F(EnsembleTest, AreStepsOfOthers) {
  ASSERT_TRUE(load("m", "").ok());
  ASSERT_TRUE(load("inner", diamond).ok());
  ASSERT_TRUE(load("outer", ensemble(step("inner", "x", "z", "t") + step("m", "t", "z", "y"))).ok());
  EXPECT_THAT(*ask(request_for("outer", {-1, 2}, {2, 2})), ElementsAre(9, 14));
  EXPECT_EQ((*catalog.find("outer", {}))->depth(), 2u);
}

TEST_F(EnsembleTest, AFailingStepIsNamed) {
  ASSERT_TRUE(load("m", "").ok());
  ASSERT_TRUE(load("inner", diamond).ok());
  ASSERT_TRUE(load("outer", ensemble(step("inner", "x", "z", "t") + step("m", "t", "z", "y"))).ok());
  const Error error = ask(request_for("outer", {1, 2}, {1, 2, 3})).error();
  EXPECT_THAT(error.message, StartsWith("in ensemble 'outer', model 'inner': in ensemble 'inner', model 'm': "));
  EXPECT_EQ(statistics("outer").failures.at(FailureReason::backend), 1u);
  EXPECT_THAT(ask(InferenceRequest{"outer"}).error().message, HasSubstr("for model 'outer'"));
}

TEST_F(EnsembleTest, DeadlinesHoldForAllSteps) {
  ASSERT_TRUE(load("m", "").ok());
  ASSERT_TRUE(load("e", diamond).ok());
  InferenceRequest request = request_for("e", {1}, {1});
  request.timeout = Microseconds(0.001);
  const Error error = ask(std::move(request)).error();
  EXPECT_EQ(error.code, ErrorCode::unavailable);
  EXPECT_THAT(error.message, HasSubstr("Request timeout expired"));
}

TEST_F(EnsembleTest, CancelledOnesAreAnsweredOnce) {
  ASSERT_TRUE(load("m", "").ok());
  ASSERT_TRUE(load("inner", diamond).ok());
  ASSERT_TRUE(load("outer", ensemble(step("inner", "x", "z", "t") + step("inner", "t", "z", "y"))).ok());
  constexpr int kRequests = 200;
  std::atomic<int> answered = 0, cancelled = 0;
  std::promise<void> all;
  for (int i = 0; i < kRequests; ++i) {
    const Result<RunningInference> running =
        infer(server, request_for("outer", {1, 2}, {3, 4}), [&](const Result<InferenceResponse>& response) {
          if (!response && response.error().code == ErrorCode::cancelled) ++cancelled;
          if (++answered == kRequests) all.set_value();
        });
    ASSERT_TRUE(running.ok()) << running.error().message;
    running->cancel();
  }
  all.get_future().wait();
  EXPECT_GT(cancelled, 0);
}

class EnsembleOnOneWorker : public EnsembleTest {
 protected:
  EnsembleOnOneWorker() : EnsembleTest("1") {}
};

TEST_F(EnsembleOnOneWorker, RequestsOfModelsThatWereTakenAwayCanBeCancelled) {
  ASSERT_TRUE(load("m", "").ok());
  ASSERT_TRUE(load("e", diamond).ok());
  std::promise<void> go_on, answering;
  std::future<void> released = go_on.get_future();
  ASSERT_TRUE(infer(server, request_for("m", {1}, {1}),
                    [&](const Result<InferenceResponse>&) {  // keeps the worker from the others
                      answering.set_value();
                      released.wait();
                    })
                  .ok());
  answering.get_future().wait();
  std::vector<RunningInference> running;
  std::vector<std::future<bool>> cancelled;
  for (const char* model : {"m", "e"}) {
    auto answered = std::make_shared<std::promise<bool>>();
    cancelled.push_back(answered->get_future());
    const Result<RunningInference> waiting =
        infer(server, request_for(model, {1}, {1}), [answered](const Result<InferenceResponse>& response) {
          answered->set_value(!response && response.error().code == ErrorCode::cancelled);
        });
    ASSERT_TRUE(waiting.ok()) << waiting.error().message;
    running.push_back(*waiting);
  }
  for (const char* name : {"e", "m"}) ASSERT_TRUE(catalog.unload(name, 1).ok());
  for (const RunningInference& one : running) one.cancel();
  go_on.set_value();
  for (std::future<bool>& one : cancelled) EXPECT_TRUE(one.get());
}

TEST_F(EnsembleTest, FollowTheirModels) {
  const Error alone = load("e", diamond).error();
  EXPECT_THAT(alone.message, HasSubstr("ensemble_scheduling.step[0]: Request for unknown model: 'm' is not found"));
  EXPECT_FALSE(catalog.ready());
  EXPECT_EQ(catalog.index().at(0).reason, alone.message);
  ASSERT_TRUE(load("m", "").ok());
  EXPECT_TRUE(catalog.ready());
  EXPECT_EQ(catalog.index().at(0).reason, "");
  EXPECT_TRUE(ask(request_for("e", {1}, {1})).ok());
  ASSERT_TRUE(catalog.unload("m", 1).ok());
  EXPECT_THAT(ask(request_for("e", {1}, {1})).error().message,
              HasSubstr("version 1 is UNAVAILABLE (ensemble_scheduling.step[0]: "));
  ASSERT_TRUE(load("m", "").ok());
  EXPECT_TRUE(ask(request_for("e", {1}, {1})).ok());
  EXPECT_EQ(statistics("e").success.count, 2u) << "an ensemble's statistics go on";
}

TEST_F(EnsembleTest, KeepAModelWhoseSuccessorDoesNotFit) {
  ASSERT_TRUE(load("m", "").ok());
  ASSERT_TRUE(load("e", diamond).ok());
  ASSERT_TRUE(load("m", "input { name: 'z' dims: [7] } output { name: 'y' dims: [8] }").ok());
  EXPECT_TRUE(ask(request_for("e", {1}, {1})).ok());
  EXPECT_THAT(catalog.index().at(0).reason,
              HasSubstr("tensor 'c' is [8] as output 'y' of model 'm', but [7] as input 'z' of model 'm'"));
  EXPECT_THAT(ask(request_for("m", {1}, {1})).error().message, HasSubstr("unexpected shape for input 'z'"));
  ASSERT_TRUE(load("m", "").ok());
  EXPECT_EQ(catalog.index().at(0).reason, "");
}

TEST_F(EnsembleTest, CannotBeAmongTheirOwnModels) {
  ASSERT_TRUE(load("m", "").ok());
  ASSERT_TRUE(load("a", diamond).ok());
  ASSERT_TRUE(load("b", ensemble(step("a", "x", "z", "t") + step("m", "t", "z", "y"))).ok());
  EXPECT_THAT(load("a", ensemble(step("b", "x", "z", "y"))).error().message,
              StartsWith("an ensemble cannot be among the models"));
  EXPECT_TRUE(ask(request_for("b", {1}, {1})).ok()) << "what was there stays";
}

TEST_F(EnsembleTest, NoRequestIsLostWhenAModelChangesOrGoes) {
  ASSERT_TRUE(load("m", "").ok());
  ASSERT_TRUE(load("inner", diamond).ok());
  ASSERT_TRUE(load("outer", ensemble(step("inner", "x", "z", "t") + step("m", "t", "z", "y"))).ok());
  std::atomic<bool> enough = false;
  std::atomic<int> answers = 0;
  std::vector<std::jthread> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back([&] {
      while (!enough) {
        const Result<Floats> values = ask(request_for("outer", {-1, 2}, {2, 2}));
        ASSERT_TRUE(values.ok()) << values.error().message;
        EXPECT_THAT(*values, ElementsAre(9, 14));
        ++answers;
      }
    });
  }
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(load(i % 2 == 0 ? "m" : "inner", i % 2 == 0 ? "" : diamond).ok());
  enough = true;
  clients.clear();
  EXPECT_GT(answers, 0);
  auto last = std::make_shared<std::promise<bool>>();
  ASSERT_TRUE(
      infer(server, request_for("outer", {1}, {1}), [last](const auto& response) { last->set_value(response.ok()); }).ok());
  for (const char* name : {"outer", "inner", "m"}) ASSERT_TRUE(catalog.unload(name, 1).ok());
  EXPECT_TRUE(last->get_future().get()) << "requests under way keep their models";
}

}  // namespace
}  // namespace staronnx
