#include "staronnx/bench/plain_system.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "staronnx/bench/request_count.h"

namespace staronnx {
namespace {

struct Request {
  const std::vector<Tensor>* inputs;
  Deadline deadline;
  System::Done done;
};

// Outputs of one thread, in memory of its own, used again for every request.
class Outputs {
 public:
  explicit Outputs(const std::vector<Bytes>& sizes) {
    for (const Bytes size : sizes) memory_.emplace_back(DataType::uint8, Shape{}, size.count);
    slots_.resize(sizes.size());
  }

  std::span<OutputSlot> slots() {
    for (std::size_t i = 0; i < slots_.size(); ++i)
      slots_[i] = OutputSlot{.buffer = memory_[i].data(), .view = {}, .shape = {}, .overflow = {}};
    return slots_;
  }

 private:
  std::vector<Tensor> memory_;
  std::vector<OutputSlot> slots_;
};

class PlainSystem final : public System {
 public:
  PlainSystem(const std::vector<std::shared_ptr<Executor>>& executors, const PlainSystemOptions& options, Requests requests)
      : name_(options.name), queue_limit_(options.queue), input_positions_(options.inputs), requests_(std::move(requests)) {
    for (int i = 0; i < options.threads; ++i)
      for (const std::shared_ptr<Executor>& executor : executors)
        threads_.emplace_back([this, executor, sizes = options.output_sizes] { serve(*executor, Outputs(sizes)); });
  }

  PlainSystem(const PlainSystem&) = delete;
  PlainSystem& operator=(const PlainSystem&) = delete;

  ~PlainSystem() override {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    arrived_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  const std::string& name() const override { return name_; }

  Status submit(Deadline deadline, Done done) override {
    {
      const std::lock_guard lock(mutex_);
      if (queue_.size() >= queue_limit_) return Error{ErrorCode::unavailable, "the queue is full"};
      unanswered_.begin();
      queue_.push_back({&requests_[turn_], deadline, std::move(done)});
      turn_ = (turn_ + 1) % requests_.size();
    }
    arrived_.notify_one();
    return {};
  }

  void wait_below(int count) override { unanswered_.wait_below(count); }

 private:
  void serve(Executor& executor, Outputs outputs) {
    while (std::optional<Request> request = take()) {
      request->done(answer(executor, *request, outputs));
      request.reset();
      unanswered_.end();
    }
  }

  std::optional<Request> take() {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [this] { return closing_ || !queue_.empty(); });
    if (queue_.empty()) return std::nullopt;
    std::optional<Request> request = std::move(queue_.front());
    queue_.pop_front();
    return request;
  }

  Status answer(Executor& executor, const Request& request, Outputs& outputs) {
    if (request.deadline.passed(Clock::now())) return Error{ErrorCode::deadline_exceeded, "the deadline passed in the queue"};
    std::vector<TensorView> views;
    for (const std::size_t position : input_positions_) views.push_back((*request.inputs)[position].view());
    return executor.run(views, outputs.slots());
  }

  const std::string name_;
  const std::size_t queue_limit_;
  const std::vector<std::size_t> input_positions_;
  const Requests requests_;
  std::size_t turn_ = 0;
  RequestCount unanswered_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Request> queue_;  // guarded by mutex_, as is closing_
  bool closing_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace

std::unique_ptr<System> plain_system(const std::vector<std::shared_ptr<Executor>>& executors, const PlainSystemOptions& options,
                                     Requests requests) {
  return std::make_unique<PlainSystem>(executors, options, std::move(requests));
}

}  // namespace staronnx
