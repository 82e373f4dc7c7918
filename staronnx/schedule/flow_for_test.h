// Flows of segments that a test makes up, on StarPU's real workers, and what comes of their requests.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <latch>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "staronnx/base/temporary_directory.h"
#include "staronnx/machine/machine.h"
#include "staronnx/schedule/flow.h"
#include "staronnx/schedule/runtime_state.h"

namespace staronnx {

inline Tensor numbers(std::vector<std::int64_t> values) {
  Tensor tensor(DataType::int64, {static_cast<std::int64_t>(values.size())}, values.size() * sizeof(std::int64_t));
  std::ranges::copy(std::as_bytes(std::span(values)), tensor.data().begin());
  return tensor;
}

inline std::vector<std::int64_t> numbers_of(const TensorView& view) {
  std::vector<std::int64_t> values(view.data.size() / sizeof(std::int64_t));
  std::ranges::copy(view.data, std::as_writable_bytes(std::span(values)).begin());
  return values;
}

inline void put(OutputSlot& slot, std::vector<std::int64_t> values) {
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
inline Work each(std::function<std::int64_t(std::int64_t)> change) {
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

inline TensorInfo int64_vector(const std::string& name) {
  TensorInfo info;
  info.name = name;
  info.type = DataType::int64;
  info.shape = {-1};
  info.dimension_names = {"n"};
  return info;
}

inline std::vector<CoreGroup> one_core_groups() {
  const Machine machine = *detect_machine();
  return *core_groups(machine, machine.cores.size() > 1 ? "1,1" : "1");
}

// What came of a request.
struct Answer {
  Status status;
  std::string variant;
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
        answer.variant = response->variant;
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
    std::vector<PreparedVariant> variants;
    variants.push_back({"whole", *route_of(plan, variant), std::move(prepared)});
    return std::make_unique<Flow>(runtime->state(), plan.signature, std::move(variants), options);
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

}  // namespace staronnx
