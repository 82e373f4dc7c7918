#include "staronnx/serve/grpc_health.h"

#include <chrono>
#include <functional>
#include <memory>
#include <utility>

#include "staronnx/serve/proto/grpc_service.grpc.pb.h"

namespace staronnx {
namespace {

using HealthAnswer = grpc::health::v1::HealthCheckResponse;

// How often watches look. Whether the server is ready is known within a microsecond.
constexpr std::chrono::milliseconds kLookAgain{100};

// Its client may not use it.
class RefusedWatch final : public grpc::ServerWriteReactor<HealthAnswer> {
 public:
  explicit RefusedWatch(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

}  // namespace

// A client that is told a status, and then each that differs from the one before; until it goes, or end().
class HealthWatch final : public grpc::ServerWriteReactor<HealthAnswer> {
 public:
  using Done = std::function<void(HealthWatch*, const grpc::Status& ended)>;

  // `done` is called last.
  HealthWatch(std::string service, Done done) : service_(std::move(service)), done_(std::move(done)) {}

  const std::string& service() const { return service_; }

  // Both thread-safe.
  void say(HealthAnswer::ServingStatus status) {
    go_on([&] { wanted_ = status; });
  }
  void end() {
    go_on([&] { ending_ = true; });
  }

 private:
  void OnWriteDone(bool ok) override {
    go_on([&] {
      writing_ = false;
      gone_ = gone_ || !ok;
    });
  }
  void OnCancel() override {
    go_on([&] { gone_ = true; });
  }
  void OnDone() override {
    done_(this, ended());
    delete this;
  }

  grpc::Status ended() const { return ending_ ? grpc::Status::OK : grpc::Status::CANCELLED; }

  // After `change`, with the lock held, does what can be done next. gRPC may delete this once it is finished.
  template <class Change>
  void go_on(const Change& change) {
    {
      const std::lock_guard lock(mutex_);
      change();
      const bool news = wanted_ != said_ && !gone_;
      if (finished_ || writing_) return;
      if (news) {
        said_ = wanted_;
        answer_.set_status(*said_);
        writing_ = true;
        StartWrite(&answer_);
      }
      if (news || !(ending_ || gone_)) return;
      finished_ = true;
    }
    Finish(ended());
  }

  const std::string service_;
  const Done done_;
  std::mutex mutex_;  // guards what follows
  HealthAnswer answer_;
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

grpc::ServerUnaryReactor* GrpcHealth::Check(grpc::CallbackServerContext* context, const Request* request, Answer* answer) {
  return gate_.reply(context, Api::health, "Check", [&]() -> Status {
    const Answer::ServingStatus status = status_of(request->service());
    if (status == Answer::SERVICE_UNKNOWN) return Error{ErrorCode::not_found, "there is no service '" + request->service() + "'"};
    answer->set_status(status);
    return {};
  });
}

grpc::ServerWriteReactor<HealthAnswer>* GrpcHealth::Watch(grpc::CallbackServerContext* context, const Request* request) {
  if (const auto refused = gate_.refusal(*context, Api::health, "Watch"))
    return std::make_unique<RefusedWatch>(*refused).release();  // gRPC's, until OnDone()
  const auto access = access_line(server_.log(), [] { return AccessLine{"gRPC", "", "Watch"}; });
  const auto done = [this, access](HealthWatch* watch, const grpc::Status& ended) {
    if (access) access->write(server_.log(), word_of(ended));
    forget(watch);
  };
  auto owned = std::make_unique<HealthWatch>(request->service(), done);
  HealthWatch* watch = owned.release();  // gRPC's, as well
  const std::lock_guard lock(mutex_);
  watches_.insert(watch);
  watch->say(status_of(watch->service()));
  if (ended_) {
    watch->end();
  } else if (!telling_.joinable()) {
    telling_ = std::jthread([this](const std::stop_token& stop) { tell(stop); });
  }
  changed_.notify_all();
  return watch;
}

void GrpcHealth::tell(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [this] { return !watches_.empty(); })) {
    for (HealthWatch* watch : watches_) watch->say(status_of(watch->service()));
    changed_.wait_for(lock, stop, kLookAgain, [] { return false; });
  }
}

void GrpcHealth::forget(HealthWatch* watch) {
  const std::lock_guard lock(mutex_);
  watches_.erase(watch);
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
