#include "staronnx/bench/http_system.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "staronnx/bench/http_connection.h"
#include "staronnx/bench/http_model.h"
#include "staronnx/bench/request_count.h"
#include "staronnx/serve/datatype_name.h"

namespace staronnx {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Job = HttpConnection::Job;
using Connection = std::shared_ptr<HttpConnection>;

constexpr std::size_t kConnections = 1024;
constexpr std::chrono::seconds kLookForSilence{5};

// Head and body of a request for inference.
std::string bytes_of(const ServerAddress& address, const std::string& model, const Signature& signature,
                     const std::vector<Tensor>& inputs, const std::optional<Milliseconds>& deadline) {
  nlohmann::json head{{"parameters", {{"binary_data_output", true}}}, {"inputs", nlohmann::json::array()}};
  if (deadline) head["parameters"]["timeout"] = static_cast<std::int64_t>(Microseconds(*deadline).count());
  std::string blobs;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].type() == DataType::undefined) continue;  // left to its default
    const std::span<const std::byte> data = inputs[i].data();
    head["inputs"].push_back({{"name", signature.inputs[i].name},
                              {"datatype", datatype_name(inputs[i].type())},
                              {"shape", inputs[i].shape()},
                              {"parameters", {{"binary_data_size", data.size()}}}});
    blobs.append(reinterpret_cast<const char*>(data.data()), data.size());
  }
  const std::string json = head.dump();
  return "POST /v2/models/" + model + "/infer HTTP/1.1\r\nHost: " + host_and_port(address) +
         "\r\nContent-Type: application/octet-stream\r\nInference-Header-Content-Length: " + std::to_string(json.size()) +
         "\r\nContent-Length: " + std::to_string(json.size() + blobs.size()) + "\r\n\r\n" + json + blobs;
}

class HttpSystem final : public System, private HttpConnection::Owner {
 public:
  HttpSystem(const ServerAddress& address, const tcp::endpoint& server, std::string model, std::vector<std::string> requests,
             std::size_t connections)
      : name_("http://" + host_and_port(address)),
        address_(address),
        server_(server),
        model_(std::move(model)),
        requests_(std::move(requests)),
        most_(connections == 0 ? kConnections : connections) {
    look_for_silence();
  }

  HttpSystem(const HttpSystem&) = delete;
  HttpSystem& operator=(const HttpSystem&) = delete;

  ~HttpSystem() override {
    unanswered_.wait_below(1);
    context_.stop();
    thread_.join();
  }

  const std::string& name() const override { return name_; }

  Status submit(Deadline deadline, Done done) override {
    unanswered_.begin();
    begin({&requests_[turn_], deadline, std::move(done)});
    turn_ = (turn_ + 1) % requests_.size();
    return {};
  }

  void wait_below(int count) override { unanswered_.wait_below(count); }

  std::optional<ServerStatistics> statistics() override {
    const Result<ServerStatistics> counted = http_statistics(address_, model_);
    return counted ? std::optional(*counted) : std::nullopt;
  }

 private:
  // On any thread.
  void begin(Job job) {
    while (const Connection connection = idle_connection())
      if (connection->run(job)) return;
    if (const Connection connection = new_connection(job))
      asio::post(context_, [connection, job = std::move(job)]() mutable { connection->open(std::move(job)); });
  }

  Connection idle_connection() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return nullptr;
    Connection connection = std::move(idle_.back());
    idle_.pop_back();
    return connection;
  }

  // None: there are enough, and the job waits.
  Connection new_connection(Job& job) {
    const std::lock_guard lock(mutex_);
    if (all_.size() >= most_) {
      waiting_.push_back(std::move(job));
      return nullptr;
    }
    HttpConnection::Owner& owner = *this;
    return *all_.insert(std::make_shared<HttpConnection>(context_, server_, owner)).first;
  }

  // ---- on the context's thread ----

  void answered(const Connection& connection, Job job, const Status& status, bool usable) override {
    std::optional<Job> next;
    {
      const std::lock_guard lock(mutex_);
      next = next_waiting();
      if (!usable) all_.erase(connection);
      if (usable && !next) idle_.push_back(connection);
    }
    end(job, status);
    if (next && !(usable && connection->run(*next))) begin(*std::move(next));
  }

  void lost(const Connection& connection, std::optional<Job> job, const Error& why, bool stale) override {
    std::optional<Job> next;
    {
      const std::lock_guard lock(mutex_);
      std::erase(idle_, connection);
      all_.erase(connection);
      next = next_waiting();
    }
    if (job && stale) {
      begin(*std::move(job));
    } else if (job) {
      end(*job, why);
    }
    if (next) begin(*std::move(next));
  }

  // Under mutex_. Those that have waited too long are answered here.
  std::optional<Job> next_waiting() {
    while (!waiting_.empty()) {
      Job next = std::move(waiting_.front());
      waiting_.pop_front();
      if (!next.deadline.passed(Clock::now())) return next;
      end(next, Error{ErrorCode::deadline_exceeded, "the deadline passed before a connection was free"});
    }
    return std::nullopt;
  }

  void end(const Job& job, const Status& status) {
    job.done(status);
    unanswered_.end();
  }

  void look_for_silence() {
    silence_.expires_after(kLookForSilence);
    silence_.async_wait([this](const boost::system::error_code& failure) {
      if (failure) return;
      std::set<Connection> all;
      {
        const std::lock_guard lock(mutex_);
        all = all_;
      }
      for (const Connection& connection : all) connection->close_if_silent(Clock::now());
      look_for_silence();
    });
  }

  const std::string name_;
  const ServerAddress address_;
  const tcp::endpoint server_;
  const std::string model_;
  const std::vector<std::string> requests_;
  const std::size_t most_;
  std::size_t turn_ = 0;
  RequestCount unanswered_;
  asio::io_context context_;
  asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
  asio::steady_timer silence_{context_};
  std::mutex mutex_;  // of these three
  std::set<Connection> all_;
  std::vector<Connection> idle_;  // the last used first
  std::deque<Job> waiting_;
  std::thread thread_{[this] { context_.run(); }};
};

}  // namespace

Result<std::unique_ptr<System>> http_system(const ServerAddress& address, const std::string& model, const Signature& signature,
                                            const Requests& requests, const RemoteOptions& options) {
  asio::io_context context;
  boost::system::error_code failure;
  tcp::socket socket(context);
  const tcp::endpoint server =
      asio::connect(socket, tcp::resolver(context).resolve(address.host, address.port, failure), failure);
  if (failure)
    return Error{ErrorCode::unavailable,
                 "http://" + host_and_port(address) + ": " + failure.message() + "; is the server there?"};
  std::vector<std::string> bytes;
  for (const std::vector<Tensor>& inputs : requests)
    bytes.push_back(bytes_of(address, model, signature, inputs, options.deadline));
  return std::unique_ptr<System>(std::make_unique<HttpSystem>(address, server, model, std::move(bytes), options.connections));
}

}  // namespace staronnx
