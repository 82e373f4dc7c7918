#include "staronnx/bench/pipeline_system.h"

#include <mutex>
#include <utility>

#include "staronnx/bench/request_count.h"

namespace staronnx {
namespace {

class PipelineSystem final : public System {
 public:
  PipelineSystem(std::string name, std::unique_ptr<Pipeline> pipeline, Requests requests,
                 std::function<std::vector<Worked>()> worked)
      : name_(std::move(name)), requests_(std::move(requests)), worked_(std::move(worked)), pipeline_(std::move(pipeline)) {}

  const std::string& name() const override { return name_; }
  std::span<const std::string> notes() const override { return pipeline_->notes(); }

  Status submit(Deadline deadline, Done done) override {
    unanswered_.begin();
    const Result<RequestId> accepted =
        pipeline_->submit(lent(requests_[turn_]), {deadline}, [this, done = std::move(done)](const Result<Response>& response) {
          if (response) add(response->segments);
          done(response ? Status() : Status(response.error()));
          unanswered_.end();
        });
    turn_ = (turn_ + 1) % requests_.size();
    if (accepted) return {};
    unanswered_.end();
    return accepted.error();
  }

  void wait_below(int count) override { unanswered_.wait_below(count); }

  Transfers transfers() const override {
    const std::lock_guard lock(mutex_);
    return transfers_;
  }

  std::vector<Worked> worked() override { return worked_ ? worked_() : std::vector<Worked>(); }

 private:
  // Tensors in the same memory, as plain ONNX Runtime is given it, too: the pipeline only reads them.
  static std::vector<Tensor> lent(std::vector<Tensor>& request) {
    std::vector<Tensor> tensors;
    for (Tensor& tensor : request) {
      const std::span<std::byte> data = tensor.data();
      tensors.push_back(Tensor::in_place(tensor.type(), tensor.shape(), {std::shared_ptr<void>(), data.data()}, data.size()));
    }
    return tensors;
  }

  void add(std::span<const SegmentRun> segments) {
    const std::lock_guard lock(mutex_);
    for (const SegmentRun& segment : segments) {
      transfers_.total += segment.transfer;
      transfers_.exposed += segment.exposed;
    }
  }

  mutable std::mutex mutex_;
  Transfers transfers_;
  const std::string name_;
  Requests requests_;
  const std::function<std::vector<Worked>()> worked_;
  std::size_t turn_ = 0;
  RequestCount unanswered_;
  std::unique_ptr<Pipeline> pipeline_;  // goes first: its last answers are counted
};

}  // namespace

std::unique_ptr<System> pipeline_system(std::string name, std::unique_ptr<Pipeline> pipeline, Requests requests,
                                        std::function<std::vector<Worked>()> worked) {
  return std::make_unique<PipelineSystem>(std::move(name), std::move(pipeline), std::move(requests), std::move(worked));
}

}  // namespace staronnx
