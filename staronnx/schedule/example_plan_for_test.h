// A small model, cut in several ways, for tests of what runs segments.
#pragma once

#include <gtest/gtest.h>
#include <starpu.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <filesystem>
#include <future>
#include <latch>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "staronnx/model/model.h"
#include "staronnx/model/model_for_test.h"
#include "staronnx/plan/plan.h"
#include "staronnx/schedule/pipeline.h"

namespace staronnx {

using Floats = std::vector<float>;

inline Tensor vector_of(const Floats& values) {
  Tensor tensor(DataType::float32, {static_cast<std::int64_t>(values.size())}, values.size() * sizeof(float));
  std::ranges::copy(std::as_bytes(std::span(values)), tensor.data().begin());
  return tensor;
}

inline Floats floats_of(const TensorView& view) {
  Floats values(view.data.size() / sizeof(float));
  std::ranges::copy(view.data, std::as_writable_bytes(std::span(values)).begin());
  return values;
}

inline TensorInfo float_vector(const std::string& name) {
  TensorInfo info;
  info.name = name;
  info.type = DataType::float32;
  info.shape = {-1};
  info.dimension_names = {"n"};
  return info;
}

// y = |x| - b, from b = relu(x) + shift, where x and shift have one length: other lengths are an error in the second node.
inline Model example() {
  TensorInfo shift = float_vector("shift");
  shift.dimension_names = {"m"};
  return *model_from({{.inputs = {float_vector("x"), shift},
                       .outputs = {float_vector("y")},
                       .nodes = {{.op_type = "Relu", .inputs = {"x"}, .outputs = {"a"}, .name = "relu"},
                                 {.op_type = "Add", .inputs = {"a", "shift"}, .outputs = {"b"}, .name = "add"},
                                 {.op_type = "Abs", .inputs = {"x"}, .outputs = {"c"}, .name = "abs"},
                                 {.op_type = "Sub", .inputs = {"c", "b"}, .outputs = {"y"}, .name = "sub"}}}});
}

inline Floats expected(const Floats& x, const Floats& shift) {
  Floats y;
  for (std::size_t i = 0; i < x.size(); ++i) y.push_back(std::abs(x[i]) - (std::max(x[i], 0.0F) + shift[i]));
  return y;
}

// The example cut into the segments given, planned for vectors of four.
class ExamplePlan {
 public:
  explicit ExamplePlan(const std::filesystem::path& directory) : directory_(directory) {
    plan.signature = model_.signature();
    add("whole", {{0, 1, 2, 3}});
    add("k2", {{0, 1}, {2, 3}});
    add("k3", {{0}, {1, 2}, {3}});
    for (const char* name : {"x", "shift", "a", "b", "c", "y"})
      plan.tensors[name] = {float_vector(name), Bytes{4 * sizeof(float)}};
  }

  Plan plan;

 private:
  void add(const std::string& name, const std::vector<std::vector<std::uint32_t>>& segments) {
    Variant& variant = plan.variants.emplace_back();
    variant.name = name;
    const std::vector<TensorInfo> types = {float_vector("a"), float_vector("b"), float_vector("c")};
    for (const std::vector<std::uint32_t>& nodes : segments) {
      std::vector<NodeId> ids;
      for (std::uint32_t node : nodes) ids.push_back(NodeId{node});
      const Model segment = *extract(model_, ids, types);
      Segment& planned = variant.segments.emplace_back();
      planned.file = name + "-" + std::to_string(variant.segments.size()) + ".onnx";
      planned.inputs = names_of(segment.signature().inputs);
      planned.outputs = names_of(segment.signature().outputs);
      planned.cpu_time.alone = {{1, Microseconds(100)}};
      EXPECT_TRUE(segment.save(directory_ / planned.file));
    }
  }

  std::filesystem::path directory_;
  Model model_ = example();
};

// The result of one request, for a thread that waits for it.
class Reply {
 public:
  Pipeline::Done take() {
    return [promise = promise_](const Result<Response>& response) {
      promise->set_value(response ? Result<Floats>(floats_of(response->outputs[0])) : Result<Floats>(response.error()));
    };
  }
  Result<Floats> wait() { return promise_->get_future().get(); }

 private:
  std::shared_ptr<std::promise<Result<Floats>>> promise_ = std::make_shared<std::promise<Result<Floats>>>();
};

inline std::vector<Tensor> inputs(const Floats& x, const Floats& shift) {
  std::vector<Tensor> made;
  made.push_back(vector_of(x));
  made.push_back(vector_of(shift));
  return made;
}

// What came of many requests at once of one, two and three numbers, each ninth of which may be a wrong one. `elsewhere`: places with a memory of
// their own.
constexpr int kManyRequests = 600;
struct Answers {
  int right = 0, failed = 0;
  int in_batches_elsewhere = 0, in_batches_here = 0;  // segments
};
inline Answers answers_to_many(Pipeline& pipeline, int elsewhere = 1, bool some_wrong = false) {
  std::mutex mutex;
  std::condition_variable all;
  Answers answers;
  for (int i = 0; i < kManyRequests; ++i) {
    const Floats x(static_cast<std::size_t>(1 + i % 3), static_cast<float>(i));
    const Floats shift(some_wrong && i % 9 == 1 ? 3 : x.size(), static_cast<float>(-i));
    const Result<RequestId> accepted = pipeline.submit(inputs(x, shift), {}, [&, x, shift](const Result<Response>& response) {
      const std::lock_guard lock(mutex);
      response ? answers.right += floats_of(response->outputs[0]) == expected(x, shift) : ++answers.failed;
      for (const SegmentRun& run : response ? response->segments : std::span<const SegmentRun>()) {
        if (run.batch > 1) ++(run.place < elsewhere ? answers.in_batches_elsewhere : answers.in_batches_here);
      }
      if (answers.right + answers.failed == kManyRequests) all.notify_one();
    });
    EXPECT_TRUE(accepted);
  }
  std::unique_lock lock(mutex);
  all.wait_for(lock, std::chrono::minutes(1), [&] { return answers.right + answers.failed == kManyRequests; });
  return answers;
}

// Keeps worker 0 busy until it is let go.
class Occupied {
 public:
  Occupied() {
    starpu_codelet_init(&codelet_);
    codelet_.cpu_funcs[0] = [](void**, void* free) { static_cast<std::latch*>(free)->wait(); };
    starpu_task* task = starpu_task_create();
    task->cl = &codelet_;
    task->cl_arg = &free_;
    task->execute_on_a_specific_worker = 1;
    task->workerid = 0;
    task->detach = 0;
    task->destroy = 1;
    task_ = task;
    EXPECT_EQ(starpu_task_submit(task), 0);
  }
  void let_go() {
    free_.count_down();
    EXPECT_EQ(starpu_task_wait(task_), 0);
  }

 private:
  starpu_codelet codelet_;
  std::latch free_{1};
  starpu_task* task_ = nullptr;
};

}  // namespace staronnx
