#include "staronnx/bench/http_system.h"

#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <deque>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "staronnx/bench/request_count.h"
#include "staronnx/serve/datatype_name.h"

namespace staronnx {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using Failure = beast::error_code;

// A server that answers nothing for so long is given up.
constexpr std::chrono::seconds kSilence{120};

struct Address {
  std::string host, port;
};

Result<Address> address_of(const std::string& url) {
  constexpr std::string_view scheme = "http://";
  const std::string rest = url.starts_with(scheme) ? url.substr(scheme.size(), url.find('/', scheme.size()) - scheme.size()) : "";
  const std::size_t colon = rest.rfind(':');
  if (rest.empty() || colon == 0 || colon == std::string::npos || colon + 1 == rest.size())
    return Error{ErrorCode::invalid_argument, "'" + url + "' is no address of a server; write http://HOST:PORT"};
  return Address{rest.substr(0, colon), rest.substr(colon + 1)};
}

Error no_answer(const std::string& url, const Failure& failure) {
  return {ErrorCode::unavailable, url + ": " + failure.message() + "; is the server there?"};
}

Result<std::string> get(const std::string& url, const std::string& path) {
  const Result<Address> address = address_of(url);
  if (!address) return address.error();
  asio::io_context context;
  Failure failure;
  tcp::socket socket(context);
  asio::connect(socket, tcp::resolver(context).resolve(address->host, address->port, failure), failure);
  http::request<http::empty_body> request(http::verb::get, path, 11);
  request.set(http::field::host, address->host);
  if (!failure) http::write(socket, request, failure);
  beast::flat_buffer buffer;
  http::response<http::string_body> response;
  if (!failure) http::read(socket, buffer, response, failure);
  if (failure) return no_answer(url, failure);
  if (response.result_int() != 200)
    return Error{ErrorCode::not_found, url + path + ": " + std::to_string(response.result_int()) + ", " + response.body()};
  return std::move(response.body());
}

Result<std::vector<TensorInfo>> tensors_in(const nlohmann::json& metadata, const char* which) {
  std::vector<TensorInfo> tensors;
  for (const nlohmann::json& tensor : metadata.at(which)) {
    TensorInfo& info = tensors.emplace_back();
    info.name = tensor.at("name").get<std::string>();
    info.shape = tensor.at("shape").get<Shape>();
    info.dimension_names.resize(info.shape.size());
    const auto type = datatype_of(tensor.at("datatype").get<std::string>());
    if (!type) return Error{ErrorCode::unsupported, "tensor '" + info.name + "' has the unknown datatype " + tensor.dump()};
    info.type = *type;
  }
  return tensors;
}

struct Job {
  std::string head;  // of HTTP, and the JSON
  std::vector<Tensor> inputs;
  Deadline deadline;
  System::Done done;
};

Status status_of(const http::response<http::string_body>& response) {
  const unsigned code = response.result_int();
  if (code == 200) return {};
  return Error{code == 503 ? ErrorCode::unavailable : ErrorCode::internal, std::to_string(code) + ", " + response.body()};
}

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // Called when the job's `done` has been; whether the connection can take another.
  using Free = std::function<void(std::shared_ptr<Connection>, bool usable)>;

  Connection(asio::io_context& context, const tcp::endpoint& server, Free free)
      : stream_(context), server_(server), free_(std::move(free)) {}

  void run(Job job) {
    job_ = std::move(job);
    used_ = connected_;
    connected_ ? write() : connect();
  }

 private:
  void connect() {
    stream_.async_connect(server_, [self = shared_from_this()](const Failure& failure) {
      if (failure) return self->end(Error{ErrorCode::internal, "no connection: " + failure.message()}, false);
      self->connected_ = true;
      Failure ignored;
      self->stream_.socket().set_option(tcp::no_delay(true), ignored);
      self->write();
    });
  }

  void write() {
    std::vector<asio::const_buffer> buffers{asio::buffer(job_->head)};
    for (const Tensor& input : job_->inputs) buffers.emplace_back(input.data().data(), input.data().size());
    stream_.expires_after(kSilence);
    asio::async_write(stream_, buffers, [self = shared_from_this()](const Failure& failure, std::size_t) {
      failure ? self->broken(failure) : self->read();
    });
  }

  void read() {
    response_ = {};
    http::async_read(stream_, buffer_, response_, [self = shared_from_this()](const Failure& failure, std::size_t) {
      failure ? self->broken(failure) : self->end(status_of(self->response_), self->response_.keep_alive());
    });
  }

  // A server may close a connection that is not in use while a request is on its way.
  void broken(const Failure& failure) {
    stream_.close();
    buffer_.clear();
    connected_ = false;
    if (std::exchange(used_, false) && failure != beast::error::timeout) return connect();
    end(Error{ErrorCode::internal, "the connection broke: " + failure.message()}, false);
  }

  void end(const Status& status, bool usable) {
    const System::Done done = std::move(job_->done);
    job_.reset();
    done(status);
    free_(shared_from_this(), usable);
  }

  beast::tcp_stream stream_;
  const tcp::endpoint server_;
  const Free free_;
  std::optional<Job> job_;
  beast::flat_buffer buffer_;
  http::response<http::string_body> response_;
  bool connected_ = false;
  bool used_ = false;  // by a request before this one
};

class HttpSystem final : public System {
 public:
  HttpSystem(std::string url, const Address& address, const tcp::endpoint& server, std::string model, Signature signature,
             std::size_t connections)
      : url_(std::move(url)),
        target_("POST /v2/models/" + std::move(model) + "/infer HTTP/1.1\r\nHost: " + address.host +
                "\r\nContent-Type: application/octet-stream\r\n"),
        server_(server),
        signature_(std::move(signature)),
        most_(connections) {}

  HttpSystem(const HttpSystem&) = delete;
  HttpSystem& operator=(const HttpSystem&) = delete;

  ~HttpSystem() override {
    unanswered_.wait_below(1);
    context_.stop();
    thread_.join();
  }

  const std::string& name() const override { return url_; }

  Status submit(std::vector<Tensor> inputs, Deadline deadline, Done done) override {
    unanswered_.begin();
    Job job{head_of(inputs), std::move(inputs), deadline, [this, done = std::move(done)](const Status& status) {
              done(status);
              unanswered_.end();
            }};
    asio::post(context_, [this, job = std::make_shared<Job>(std::move(job))] { begin(std::move(*job)); });
    return {};
  }

  void wait_below(int count) override { unanswered_.wait_below(count); }

 private:
  std::string head_of(const std::vector<Tensor>& inputs) const {
    nlohmann::json request{{"parameters", {{"binary_data_output", true}}}, {"inputs", nlohmann::json::array()}};
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const std::size_t size = inputs[i].data().size();
      bytes += size;
      request["inputs"].push_back({{"name", signature_.inputs[i].name},
                                   {"datatype", datatype_name(inputs[i].type())},
                                   {"shape", inputs[i].shape()},
                                   {"parameters", {{"binary_data_size", size}}}});
    }
    const std::string json = request.dump();
    return target_ + "Inference-Header-Content-Length: " + std::to_string(json.size()) +
           "\r\nContent-Length: " + std::to_string(json.size() + bytes) + "\r\n\r\n" + json;
  }

  // These on the system's thread.
  void begin(Job job) {
    if (!idle_.empty()) {
      const std::shared_ptr<Connection> connection = std::move(idle_.back());
      idle_.pop_back();
      connection->run(std::move(job));
    } else if (connections_ < most_) {
      ++connections_;
      std::make_shared<Connection>(context_, server_, [this](std::shared_ptr<Connection> connection, bool usable) {
        freed(std::move(connection), usable);
      })->run(std::move(job));
    } else {
      waiting_.push_back(std::move(job));
    }
  }

  void freed(std::shared_ptr<Connection> connection, bool usable) {
    usable ? idle_.push_back(std::move(connection)) : void(--connections_);
    while (!waiting_.empty()) {
      Job next = std::move(waiting_.front());
      waiting_.pop_front();
      if (!next.deadline.passed(Clock::now())) return begin(std::move(next));
      next.done(Error{ErrorCode::deadline_exceeded, "the deadline passed before a connection was free"});
    }
  }

  const std::string url_, target_;
  const tcp::endpoint server_;
  const Signature signature_;
  const std::size_t most_;
  RequestCount unanswered_;
  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
  std::size_t connections_ = 0;
  std::vector<std::shared_ptr<Connection>> idle_;  // the last used first
  std::deque<Job> waiting_;
  std::thread thread_{[this] { context_.run(); }};
};

}  // namespace

Result<Signature> remote_signature(const std::string& url, const std::string& model) {
  const Result<std::string> answer = get(url, "/v2/models/" + model);
  if (!answer) return answer.error();
  try {
    const nlohmann::json metadata = nlohmann::json::parse(*answer);
    Result<std::vector<TensorInfo>> inputs = tensors_in(metadata, "inputs"), outputs = tensors_in(metadata, "outputs");
    if (!inputs) return inputs.error();
    if (!outputs) return outputs.error();
    return Signature{*std::move(inputs), *std::move(outputs)};
  } catch (const nlohmann::json::exception& failure) {
    return Error{ErrorCode::internal, url + " does not describe '" + model + "' as the protocol says: " + failure.what()};
  }
}

Result<std::unique_ptr<System>> http_system(const std::string& url, const std::string& model, Signature signature,
                                            std::size_t connections) {
  const Result<Address> address = address_of(url);
  if (!address) return address.error();
  asio::io_context context;
  Failure failure;
  const auto found = tcp::resolver(context).resolve(address->host, address->port, failure);
  if (failure) return no_answer(url, failure);
  return std::unique_ptr<System>(
      std::make_unique<HttpSystem>(url, *address, found.begin()->endpoint(), model, std::move(signature), connections));
}

}  // namespace staronnx
