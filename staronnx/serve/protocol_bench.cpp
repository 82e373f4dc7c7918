// What the protocols cost: bare echo servers on the libraries that the server uses, and clients that keep a server as busy as they can.
// scripts/server-figures runs both beside `staronnx serve`.
//
//   protocol_bench echo http|grpc|http-handover              says its port; serves until its input ends
//   protocol_bench load http|grpc PORT FLOATS SECONDS        one client thread per core, each on a connection of its own, asks for
//                                                            "identity" again and again; says how often, and the median latency, in JSON
//
// An HTTP echo answers with the body as it came, on one thread, as the server has one; a gRPC echo answers with the message as it came,
// unread. "http-handover" answers from a second thread, as every server must that computes on threads of their own, and computes nothing: what
// it loses to "http" no server can win back that does so. Asked for metadata, both describe "identity", so that `staronnx bench URL --model identity --shape in:16` finds something to ask.
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <cstring>
#include <functional>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "staronnx/base/deadline.h"
#include "staronnx/base/units.h"
#include "staronnx/serve/proto/grpc_service.grpc.pb.h"

namespace staronnx {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

constexpr std::size_t kMostBytes = 64 * 1024 * 1024;
constexpr std::size_t kPiece = 256 * 1024;  // read at once at most, as the server does

// ---- echo ----

constexpr const char* kIdentity = R"({"name": "identity", "inputs": [{"name": "in", "datatype": "FP32", "shape": [-1]}],
                                     "outputs": [{"name": "out", "datatype": "FP32", "shape": [-1]}]})";

grpc::ByteBuffer identity_metadata() {
  inference::ModelMetadataResponse metadata;
  metadata.set_name("identity");
  for (auto* tensor : {metadata.add_inputs(), metadata.add_outputs()}) {
    tensor->set_datatype("FP32");
    tensor->add_shape(-1);
  }
  metadata.mutable_inputs(0)->set_name("in");
  metadata.mutable_outputs(0)->set_name("out");
  const grpc::Slice bytes(metadata.SerializeAsString());
  return {&bytes, 1};
}

class EchoSession : public std::enable_shared_from_this<EchoSession> {
 public:
  // `worker`: answers there, if not null.
  EchoSession(tcp::socket socket, asio::io_context* worker) : stream_(std::move(socket)), worker_(worker) {
    stream_.socket().set_option(tcp::no_delay(true));
    buffer_.reserve(kPiece);
  }

  void read() {
    parser_.emplace();
    parser_->body_limit(kMostBytes);
    http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](beast::error_code failure, std::size_t) {
      if (failure) return;
      self->prepare();
      self->worker_ == nullptr ? self->write() : asio::post(*self->worker_, [self] { self->write_here(); });
    });
  }

 private:
  void prepare() {
    answer_ = {http::status::ok, 11};
    answer_.body() = parser_->get().method() == http::verb::get ? kIdentity : std::move(parser_->get().body());
    answer_.prepare_payload();
  }

  void write() {
    http::async_write(stream_, answer_, [self = shared_from_this()](beast::error_code failure, std::size_t) {
      if (!failure) self->read();
    });
  }

  void write_here() {
    beast::error_code failure;
    http::write(stream_, answer_, failure);
    if (!failure) read();
  }

  beast::tcp_stream stream_;
  asio::io_context* worker_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> answer_;
};

void accept(tcp::acceptor& acceptor, asio::io_context* worker) {
  acceptor.async_accept([&acceptor, worker](beast::error_code failure, tcp::socket socket) {
    if (failure) return;
    std::make_shared<EchoSession>(std::move(socket), worker)->read();
    accept(acceptor, worker);
  });
}

void wait_for_the_end_of_input() {
  while (std::cin.get() != EOF) {
  }
}

void echo_http(bool handover) {
  asio::io_context context, worker;
  const auto work = asio::make_work_guard(worker);
  tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
  accept(acceptor, handover ? &worker : nullptr);
  std::cout << acceptor.local_endpoint().port() << std::endl;
  std::thread serving([&] { context.run(); }), answering([&] { worker.run(); });
  wait_for_the_end_of_input();
  context.stop(), worker.stop();
  serving.join(), answering.join();
}

class EchoCall final : public grpc::ServerGenericBidiReactor {
 public:
  explicit EchoCall(bool metadata) : metadata_(metadata) { StartRead(&message_); }

 private:
  void OnReadDone(bool ok) override {
    if (ok && metadata_) message_ = identity_metadata();
    if (ok) return StartWriteAndFinish(&message_, {}, grpc::Status::OK);
    Finish(grpc::Status::CANCELLED);
  }
  void OnDone() override { delete this; }

  const bool metadata_;
  grpc::ByteBuffer message_;
};

class EchoService final : public grpc::CallbackGenericService {
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override {
    return std::make_unique<EchoCall>(context->method().ends_with("/ModelMetadata")).release();  // gRPC's, until OnDone()
  }
};

void echo_grpc() {
  EchoService service;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.SetMaxReceiveMessageSize(kMostBytes);
  builder.RegisterCallbackGenericService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  std::cout << port << std::endl;
  wait_for_the_end_of_input();
}

// ---- load ----

// One request and its answer. Throws when there is none.
using Ask = std::function<void()>;

Ask http_client(const std::string& port, const std::vector<float>& values) {
  struct Client {
    asio::io_context context;
    tcp::socket socket{context};
    beast::flat_buffer buffer;
    http::request<http::string_body> request{http::verb::post, "/v2/models/identity/infer", 11};
  };
  auto client = std::make_shared<Client>();
  asio::connect(client->socket, tcp::resolver(client->context).resolve("127.0.0.1", port));
  client->socket.set_option(tcp::no_delay(true));
  const std::size_t bytes = values.size() * sizeof(float);
  const nlohmann::json head = {
      {"inputs",
       {{{"name", "in"}, {"shape", {values.size()}}, {"datatype", "FP32"}, {"parameters", {{"binary_data_size", bytes}}}}}},
      {"outputs", {{{"name", "out"}, {"parameters", {{"binary_data", true}}}}}}};
  std::string& body = client->request.body() = head.dump();
  client->request.set("Inference-Header-Content-Length", std::to_string(body.size()));
  body.append(reinterpret_cast<const char*>(values.data()), bytes);
  client->request.prepare_payload();
  return [client, bytes] {
    http::write(client->socket, client->request);
    http::response_parser<http::string_body> parser;
    parser.body_limit(kMostBytes);
    http::read(client->socket, client->buffer, parser);
    if (parser.get().result() != http::status::ok || parser.get().body().size() < bytes)
      throw std::runtime_error("HTTP " + std::to_string(parser.get().result_int()) + ", " + parser.get().body().substr(0, 200));
  };
}

Ask grpc_client(const std::string& port, const std::vector<float>& values) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a connection of its own
  arguments.SetMaxReceiveMessageSize(kMostBytes);
  const std::shared_ptr<grpc::Channel> channel =
      grpc::CreateCustomChannel("127.0.0.1:" + port, grpc::InsecureChannelCredentials(), arguments);
  const std::shared_ptr<inference::GRPCInferenceService::Stub> stub = inference::GRPCInferenceService::NewStub(channel);
  inference::ModelInferRequest request;
  request.set_model_name("identity");
  auto* input = request.add_inputs();
  input->set_name("in");
  input->set_datatype("FP32");
  input->add_shape(static_cast<std::int64_t>(values.size()));
  request.add_raw_input_contents(values.data(), values.size() * sizeof(float));
  return [stub, request] {
    grpc::ClientContext context;
    inference::ModelInferResponse answer;
    const grpc::Status status = stub->ModelInfer(&context, request, &answer);
    if (!status.ok()) throw std::runtime_error(status.error_message());
  };
}

void load(const std::string& protocol, const std::string& port, std::size_t floats, Seconds duration) {
  const std::vector<float> values(floats, 0.5F);
  std::atomic<bool> over = false;
  std::vector<std::vector<double>> latencies(std::thread::hardware_concurrency());
  std::vector<std::thread> clients;
  const auto start = Clock::now();
  for (std::vector<double>& own : latencies) {
    clients.emplace_back([&] {
      const Ask ask = protocol == "http" ? http_client(port, values) : grpc_client(port, values);
      while (!over) {
        const auto asked = Clock::now();
        ask();
        own.push_back(Microseconds(Clock::now() - asked).count());
      }
    });
  }
  std::this_thread::sleep_for(duration);
  over = true;
  for (std::thread& client : clients) client.join();
  const double took = Seconds(Clock::now() - start).count();
  std::vector<double> all;
  for (const std::vector<double>& own : latencies) all.insert(all.end(), own.begin(), own.end());
  const auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
  std::nth_element(all.begin(), middle, all.end());
  std::cout << nlohmann::json{{"requests", all.size()}, {"seconds", took}, {"p50_us", *middle}} << std::endl;
}

int run(const std::vector<std::string>& words) {
  if (words.size() == 2 && words[0] == "echo") {
    words[1] == "grpc" ? echo_grpc() : echo_http(words[1] == "http-handover");
  } else if (words.size() == 5 && words[0] == "load") {
    load(words[1], words[2], std::stoul(words[3]), Seconds(std::stod(words[4])));
  } else {
    std::cerr << "protocol_bench echo http|grpc|http-handover, or protocol_bench load http|grpc PORT FLOATS SECONDS\n";
    return 2;
  }
  return 0;
}

}  // namespace
}  // namespace staronnx

int main(int count, char** words) {
  return staronnx::run({words + 1, words + count});
}
