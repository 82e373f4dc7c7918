#include "staronnx/serve/grpc_queue.h"

#include <utility>

namespace staronnx {

void* GrpcEvent::tag(std::shared_ptr<void> owner) {
  owner_ = std::move(owner);
  return this;
}

void GrpcEvent::happen(bool ok) {
  const std::shared_ptr<void> owner = std::exchange(owner_, nullptr);
  happened_(ok);
}

GrpcQueue::Call::Call(GrpcQueue& of) : of_(of) {
  const std::lock_guard lock(of_.mutex_);
  ++of_.calls_;
}

GrpcQueue::Call::~Call() {
  const std::lock_guard lock(of_.mutex_);
  if (--of_.calls_ == 0) of_.gone_.notify_all();
}

GrpcQueue::GrpcQueue(grpc::ServerBuilder& builder) : events_(builder.AddCompletionQueue()) {}

GrpcQueue::~GrpcQueue() {
  end();
}

void GrpcQueue::start(unsigned threads) {
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { serve(); });
}

void GrpcQueue::end() {
  {
    std::unique_lock lock(mutex_);
    gone_.wait(lock, [this] { return calls_ == 0; });
  }
  events_->Shutdown();
  serve();  // what is left, where no thread does
  threads_.clear();
}

void GrpcQueue::serve() {
  void* event = nullptr;
  for (bool ok = false; events_->Next(&event, &ok);) static_cast<GrpcEvent*>(event)->happen(ok);
}

}  // namespace staronnx
