#include "staronnx/serve/grpc_health.h"

#include <grpcpp/support/async_stream.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>

#include "staronnx/serve/grpc_answered_call.h"
#include "staronnx/serve/proto/grpc_service.grpc.pb.h"

namespace staronnx {
namespace {

using HealthAnswer = grpc::health::v1::HealthCheckResponse;

// How often watches look. Whether the server is ready is known within a microsecond.
constexpr std::chrono::milliseconds kLookAgain{100};

}  // namespace

// A client that is told a status, and then each that differs from the one before; until it goes, or end().
class HealthWatch final : public GrpcCall {
 public:
  // What outlives the queue.
  struct Around {
    GrpcHealth& health;
    const GrpcGate& gate;
    Log& log;
  };

  HealthWatch(GrpcQueue& queue, const Around& around) : GrpcCall(queue), around_(around) {}

  const std::string& service() const { return asked_.service(); }

  // Both thread-safe.
  void say(HealthAnswer::ServingStatus status) {
    go_on([&] { wanted_ = status; });
  }
  void end() {
    go_on([&] { ending_ = true; });
  }

 private:
  void request(grpc::ServerCompletionQueue& events, void* tag) override {
    around_.health.RequestWatch(&context(), &asked_, &writer_, &events, &events, tag);
  }
  std::shared_ptr<GrpcCall> another() const override { return std::make_shared<HealthWatch>(queue(), around_); }

  void begin() override {
    if (const auto refused = around_.gate.refusal(context(), Api::health, "Watch")) return finish(*refused);
    access_ = access_line(around_.log, [] { return AccessLine{"gRPC", "", "Watch"}; });
    around_.health.add(*this);
  }
  void gone() override {
    go_on([&] { gone_ = true; });
  }

  void on_written(bool ok) {
    go_on([&] {
      writing_ = false;
      gone_ = gone_ || !ok;
    });
  }

  void finish(const grpc::Status& status) {
    if (access_) access_->write(around_.log, word_of(status));
    finished_ = true;
    writer_.Finish(status, tag(finishes_));
  }

  // After `change`, with the lock held, does what can be done next.
  template <class Change>
  void go_on(const Change& change) {
    const std::lock_guard lock(mutex_);
    change();
    if (finished_ || writing_) return;
    if (wanted_ != said_ && !gone_) {
      said_ = wanted_;
      HealthAnswer answer;
      answer.set_status(*said_);
      writing_ = true;
      writer_.Write(answer, tag(written_));
    } else if (ending_ || gone_) {
      finish(ending_ ? grpc::Status::OK : grpc::Status::CANCELLED);
    }
  }

  const Around around_;
  grpc::health::v1::HealthCheckRequest asked_;
  grpc::ServerAsyncWriter<HealthAnswer> writer_{&context()};
  GrpcEvent written_{[this](bool ok) { on_written(ok); }};
  GrpcEvent finishes_{[this](bool) { around_.health.remove(*this); }};
  std::optional<AccessLine> access_;
  std::mutex mutex_;  // guards what follows
  std::optional<HealthAnswer::ServingStatus> wanted_, said_;
  bool writing_ = false;
  bool ending_ = false;
  bool gone_ = false;  // the client is
  bool finished_ = false;
};

HealthAnswer::ServingStatus GrpcHealth::status_of(const std::string& service) const {
  const auto serving = [](bool ready) { return ready ? HealthAnswer::SERVING : HealthAnswer::NOT_SERVING; };
  if (service.empty() || service == inference::GRPCInferenceService::service_full_name()) return serving(server_.ready());
  const auto model = server_.catalog().find(service, std::nullopt);
  const bool unknown = !model && model.error().code == ErrorCode::invalid_argument;
  return unknown ? HealthAnswer::SERVICE_UNKNOWN : serving(model.ok());
}

void GrpcHealth::begin(GrpcQueue& queue) {
  answer_calls(queue, *this, gate_, Api::health, "Check", &GrpcHealth::RequestCheck,
               [this](const auto& asked, auto& answer) -> Status {
                 const Answer::ServingStatus status = status_of(asked.service());
                 if (status == Answer::SERVICE_UNKNOWN)
                   return Error{ErrorCode::not_found, "there is no service '" + asked.service() + "'"};
                 answer.set_status(status);
                 return {};
               });
  std::make_shared<HealthWatch>(queue, HealthWatch::Around{*this, gate_, server_.log()})->wait();
}

void GrpcHealth::add(HealthWatch& watch) {
  const std::lock_guard lock(mutex_);
  watches_.insert(&watch);
  watch.say(status_of(watch.service()));
  if (ended_) {
    watch.end();
  } else if (!telling_.joinable()) {
    telling_ = std::jthread([this](const std::stop_token& stop) { tell(stop); });
  }
  changed_.notify_all();
}

void GrpcHealth::tell(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [this] { return !watches_.empty(); })) {
    for (HealthWatch* watch : watches_) watch->say(status_of(watch->service()));
    changed_.wait_for(lock, stop, kLookAgain, [] { return false; });
  }
}

void GrpcHealth::remove(HealthWatch& watch) {
  const std::lock_guard lock(mutex_);
  watches_.erase(&watch);
}

void GrpcHealth::end() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  for (HealthWatch* watch : watches_) {
    watch->say(status_of(watch->service()));
    watch->end();
  }
}

}  // namespace staronnx
