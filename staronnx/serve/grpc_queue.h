// Where gRPC says what has happened to calls, and the threads that wait there. Private to this room.
//
// gRPC's callback interface has such a queue of its own. But (in 1.51) its threads sleep for a tenth of a second after each second without
// an event, and a request takes more processor time; see docs/performance.md, "The server".
#pragma once

#include <grpcpp/completion_queue.h>
#include <grpcpp/server_builder.h>

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace staronnx {

// Something that is asked of gRPC, once at a time.
class GrpcEvent {
 public:
  // `happened` is called on a thread of the queue; `ok` is gRPC's word for how it went.
  explicit GrpcEvent(std::function<void(bool ok)> happened) : happened_(std::move(happened)) {}
  GrpcEvent(const GrpcEvent&) = delete;
  GrpcEvent& operator=(const GrpcEvent&) = delete;

  // What gRPC is given for it. `owner`, whose event it is, lives until it has happened.
  void* tag(std::shared_ptr<void> owner);
  void happen(bool ok);
  // It will not.
  void drop() { owner_ = nullptr; }

 private:
  const std::function<void(bool ok)> happened_;
  std::shared_ptr<void> owner_;
};

class GrpcQueue {
 public:
  // Of the server that `builder` is going to build, and that ends before.
  explicit GrpcQueue(grpc::ServerBuilder& builder);
  ~GrpcQueue();  // as end()
  GrpcQueue(const GrpcQueue&) = delete;
  GrpcQueue& operator=(const GrpcQueue&) = delete;

  grpc::ServerCompletionQueue& events() { return *events_; }

  // They happen from now on, on so many threads.
  void start(unsigned threads);

  // When the server is shut down, or was never built: waits until all calls are gone.
  void end();

  // What keeps the queue from ending.
  class Call {
   public:
    explicit Call(GrpcQueue& of);
    ~Call();
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

   private:
    GrpcQueue& of_;
  };

 private:
  void serve();

  const std::unique_ptr<grpc::ServerCompletionQueue> events_;
  std::vector<std::jthread> threads_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable gone_;
  std::size_t calls_ = 0;
};

}  // namespace staronnx
