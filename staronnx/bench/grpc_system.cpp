#include "staronnx/bench/grpc_system.h"

#include <grpcpp/channel.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/security/credentials.h>

#include <mutex>
#include <thread>
#include <unordered_set>
#include <utility>
#include <vector>

#include "staronnx/bench/grpc_model.h"
#include "staronnx/bench/request_count.h"
#include "staronnx/serve/datatype_name.h"
#include "staronnx/serve/proto/grpc_service.pb.h"

namespace staronnx {
namespace {

constexpr std::size_t kChannels = 4;
constexpr std::chrono::seconds kToConnect{10};
constexpr std::chrono::minutes kSilence{2};
constexpr std::chrono::seconds kLookForSilence{5};
constexpr const char* kMethod = "/inference.GRPCInferenceService/ModelInfer";

grpc::ByteBuffer bytes_of(const std::string& model, const Signature& signature, const std::vector<Tensor>& inputs,
                          const std::optional<Milliseconds>& deadline) {
  inference::ModelInferRequest request;
  request.set_model_name(model);
  if (deadline)
    (*request.mutable_parameters())["timeout"].set_int64_param(static_cast<std::int64_t>(Microseconds(*deadline).count()));
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].type() == DataType::undefined) continue;  // left to its default
    auto& input = *request.add_inputs();
    input.set_name(signature.inputs[i].name);
    input.set_datatype(std::string(datatype_name(inputs[i].type())));
    input.mutable_shape()->Add(inputs[i].shape().begin(), inputs[i].shape().end());
    request.add_raw_input_contents(inputs[i].data().data(), inputs[i].data().size());
  }
  grpc::Slice slice(request.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

// A channel with its calls.
struct Line {
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<grpc::GenericStub> stub;
};

std::vector<Line> lines_to(const ServerAddress& address, std::size_t count) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a connection of its own
  arguments.SetInt(GRPC_ARG_MINIMAL_STACK, 1);              // no limits of messages, no deadlines, no retries that hide refusals
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  std::vector<Line> lines;
  for (std::size_t i = 0; i < count; ++i) {
    auto channel = grpc::CreateCustomChannel(host_and_port(address), grpc::InsecureChannelCredentials(), arguments);
    lines.push_back({channel, std::make_unique<grpc::GenericStub>(channel)});
  }
  return lines;
}

struct Call {
  grpc::ClientContext context;
  grpc::ByteBuffer answer;
  grpc::Status status;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
  grpc::Channel* channel = nullptr;
  System::Done done;
  Clock::time_point since;
};

Status status_of(const Call& call) {
  if (call.status.ok()) return {};
  const grpc::StatusCode code = call.status.error_code();
  ErrorCode ours = ErrorCode::internal;
  if (code == grpc::DEADLINE_EXCEEDED) ours = ErrorCode::deadline_exceeded;
  if (code == grpc::UNAVAILABLE || code == grpc::RESOURCE_EXHAUSTED) {
    // A lost connection is UNAVAILABLE, too.
    const bool connected = call.channel->GetState(false) == GRPC_CHANNEL_READY;
    if (connected) ours = ErrorCode::unavailable;
  }
  return Error{ours, call.status.error_message()};
}

class GrpcSystem final : public System {
 public:
  GrpcSystem(const ServerAddress& address, std::vector<Line> lines, std::string model, std::vector<grpc::ByteBuffer> requests)
      : name_("grpc://" + host_and_port(address)),
        address_(address),
        lines_(std::move(lines)),
        model_(std::move(model)),
        requests_(std::move(requests)) {}

  GrpcSystem(const GrpcSystem&) = delete;
  GrpcSystem& operator=(const GrpcSystem&) = delete;

  ~GrpcSystem() override {
    unanswered_.wait_below(1);
    queue_.Shutdown();
    thread_.join();
  }

  const std::string& name() const override { return name_; }

  Status submit(Deadline /*deadline*/, Done done) override {
    unanswered_.begin();
    const Line& line = lines_[next_ % lines_.size()];
    Call* const call = std::make_unique<Call>().release();  // the queue's, until take_answers() has it
    call->channel = line.channel.get();
    call->done = std::move(done);
    call->since = Clock::now();
    {
      const std::lock_guard lock(mutex_);
      calls_.insert(call);
    }
    call->reader = line.stub->PrepareUnaryCall(&call->context, kMethod, requests_[next_ % requests_.size()], &queue_);
    call->reader->StartCall();
    call->reader->Finish(&call->answer, &call->status, call);
    ++next_;
    return {};
  }

  void wait_below(int count) override { unanswered_.wait_below(count); }

  std::optional<ServerStatistics> statistics() override {
    const Result<ServerStatistics> counted = grpc_statistics(address_, model_);
    return counted ? std::optional(*counted) : std::nullopt;
  }

 private:
  void take_answers() {
    auto look_again = std::chrono::system_clock::now() + kLookForSilence;
    while (true) {
      void* tag = nullptr;
      bool ok = false;
      const auto next = queue_.AsyncNext(&tag, &ok, look_again);
      if (next == grpc::CompletionQueue::SHUTDOWN) return;
      if (next == grpc::CompletionQueue::GOT_EVENT) take(std::unique_ptr<Call>(static_cast<Call*>(tag)));
      if (std::chrono::system_clock::now() < look_again) continue;
      cancel_silent();
      look_again = std::chrono::system_clock::now() + kLookForSilence;
    }
  }

  void take(std::unique_ptr<Call> call) {
    {
      const std::lock_guard lock(mutex_);
      calls_.erase(call.get());
    }
    call->done(status_of(*call));
    unanswered_.end();
  }

  void cancel_silent() {
    const std::lock_guard lock(mutex_);
    for (Call* call : calls_)
      if (Clock::now() - call->since >= kSilence) call->context.TryCancel();
  }

  const std::string name_;
  const ServerAddress address_;
  const std::vector<Line> lines_;
  const std::string model_;
  const std::vector<grpc::ByteBuffer> requests_;
  std::size_t next_ = 0;
  RequestCount unanswered_;
  std::mutex mutex_;
  std::unordered_set<Call*> calls_;  // on their way
  grpc::CompletionQueue queue_;
  std::thread thread_{[this] { take_answers(); }};
};

}  // namespace

Result<std::unique_ptr<System>> grpc_system(const ServerAddress& address, const std::string& model, const Signature& signature,
                                            const Requests& requests, const RemoteOptions& options) {
  std::vector<Line> lines = lines_to(address, options.connections == 0 ? kChannels : options.connections);
  for (const Line& line : lines) {
    if (!line.channel->WaitForConnected(std::chrono::system_clock::now() + kToConnect))
      return Error{ErrorCode::unavailable,
                   "grpc://" + host_and_port(address) + ": no connection within ten seconds; is the server there?"};
  }
  std::vector<grpc::ByteBuffer> bytes;
  for (const std::vector<Tensor>& inputs : requests) bytes.push_back(bytes_of(model, signature, inputs, options.deadline));
  return std::unique_ptr<System>(std::make_unique<GrpcSystem>(address, std::move(lines), model, std::move(bytes)));
}

}  // namespace staronnx
