#include "staronnx/serve/http_server.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "staronnx/serve/anywhere_executor.h"
#include "staronnx/serve/http_service.h"
#include "staronnx/serve/http_session.h"
#include "staronnx/serve/listen_address.h"
#include "staronnx/serve/metrics_service.h"
#include "staronnx/serve/tls_context.h"

namespace staronnx {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

// After a connection could not be accepted, mostly as there are no more file descriptors: until some are free.
constexpr std::chrono::milliseconds kAcceptAgain{100};

}  // namespace

struct HttpServer::State {
  State(std::unique_ptr<HttpHandler> answering, HttpOptions with, Log& writing)
      : options(std::move(with)), handler(std::move(answering)), log(writing) {}

  Status read_certificates();
  Status listen(const tcp::endpoint& endpoint);
  void accept();
  void accept_later();
  void stop_accepting();
  void begin(tcp::socket socket);
  template <class Call>
  void for_each_session(const Call& call);

  const HttpOptions options;
  const std::unique_ptr<HttpHandler> handler;
  Log& log;
  asio::io_context context;
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  tcp::acceptor acceptor{asio::make_strand(context)};
  asio::steady_timer again{acceptor.get_executor()};
  tcp::endpoint local;
  std::vector<std::thread> threads;

  std::mutex mutex;                         // guards what follows
  std::shared_ptr<asio::ssl::context> tls;  // null: no encryption
  std::condition_variable ended;
  std::set<HttpSession*> sessions;
  bool stopping = false;
};

Status HttpServer::State::read_certificates() {
  if (!options.tls.on) return {};
  Result<asio::ssl::context> read = tls_context(options.tls, options.flags);
  if (!read) return read.error();
  const std::lock_guard lock(mutex);
  tls = std::make_shared<asio::ssl::context>(*std::move(read));
  return {};
}

Status HttpServer::State::listen(const tcp::endpoint& endpoint) {
  boost::system::error_code failure;
  acceptor.open(endpoint.protocol(), failure);
  if (!failure) acceptor.set_option(tcp::acceptor::reuse_address(true), failure);
  if (!failure) acceptor.bind(endpoint, failure);
  if (!failure) acceptor.listen(asio::socket_base::max_listen_connections, failure);
  if (failure)
    return Error{ErrorCode::unavailable, "cannot listen at " + to_string(endpoint) + ": " + failure.message() +
                                             "; choose another --" + options.flags + "-port or --" + options.flags + "-address"};
  local = acceptor.local_endpoint(failure);
  return {};
}

void HttpServer::State::accept() {
  acceptor.async_accept(asio::make_strand(AnywhereExecutor(context)),
                        [this](boost::system::error_code failure, tcp::socket socket) {
                          if (failure == asio::error::operation_aborted || !acceptor.is_open()) return;
                          if (failure) return accept_later();
                          begin(std::move(socket));
                          accept();
                        });
}

void HttpServer::State::accept_later() {
  again.expires_after(kAcceptAgain);
  again.async_wait([this](boost::system::error_code failure) {
    if (!failure) accept();
  });
}

void HttpServer::State::stop_accepting() {
  asio::post(acceptor.get_executor(), [this] {
    boost::system::error_code ignored;
    acceptor.close(ignored);
    again.cancel();
  });
}

void HttpServer::State::begin(tcp::socket socket) {
  boost::system::error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  auto self = std::make_shared<HttpSession*>();
  std::unique_lock reading(mutex);
  const std::shared_ptr<asio::ssl::context> certificates = tls;
  reading.unlock();
  auto session = std::make_shared<HttpSession>(std::move(socket), certificates, *handler, options, log, [this, self] {
    const std::lock_guard lock(mutex);
    sessions.erase(*self);
    ended.notify_all();
  });
  *self = session.get();
  bool late = false;
  {
    const std::lock_guard lock(mutex);
    sessions.insert(session.get());
    late = stopping;
  }
  session->start();
  if (late) session->stop();
}

template <class Call>
void HttpServer::State::for_each_session(const Call& call) {
  std::vector<std::shared_ptr<HttpSession>> alive;
  {
    const std::lock_guard lock(mutex);
    stopping = true;
    for (HttpSession* session : sessions) {
      if (std::shared_ptr<HttpSession> shared = session->weak_from_this().lock()) alive.push_back(std::move(shared));
    }
  }
  for (const auto& session : alive) call(*session);
}

namespace {

Result<std::unique_ptr<HttpServer>> start(std::unique_ptr<HttpHandler> handler, Log& log, const HttpOptions& options) {
  const Result<tcp::endpoint> endpoint = listen_address(options.address, options.port, options.flags);
  if (!endpoint) return endpoint.error();
  auto state = std::make_unique<HttpServer::State>(std::move(handler), options, log);
  if (Status read = state->read_certificates(); !read) return read.error();
  if (Status listening = state->listen(*endpoint); !listening) return listening.error();
  asio::post(state->acceptor.get_executor(), [state = state.get()] { state->accept(); });
  for (int i = 0; i < options.threads; ++i) state->threads.emplace_back([&context = state->context] { context.run(); });
  return std::make_unique<HttpServer>(std::move(state));
}

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::start_protocol(Server& server, const HttpOptions& options) {
  return start(std::make_unique<HttpService>(server, options), server.log(), options);
}

Result<std::unique_ptr<HttpServer>> HttpServer::start_metrics(const Server& server, const HttpOptions& options) {
  return start(std::make_unique<MetricsService>(server), server.log(), options);
}

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

HttpServer::~HttpServer() {
  state_->stop_accepting();
  state_->for_each_session([](HttpSession& session) { session.close(); });
  {
    std::unique_lock lock(state_->mutex);
    state_->ended.wait(lock, [this] { return state_->sessions.empty(); });
  }
  state_->work.reset();
  for (std::thread& thread : state_->threads) thread.join();
}

std::string HttpServer::url() const {
  return (state_->options.tls.on ? "https://" : "http://") + to_string(state_->local);
}

std::uint16_t HttpServer::port() const {
  return state_->local.port();
}

bool HttpServer::loopback() const {
  return state_->local.address().is_loopback();
}

Status HttpServer::reload_certificates() {
  return state_->read_certificates();
}

Status HttpServer::drain(Deadline deadline) {
  state_->stop_accepting();
  state_->for_each_session([](HttpSession& session) { session.stop(); });
  std::unique_lock lock(state_->mutex);
  const auto empty = [this] { return state_->sessions.empty(); };
  const bool all = deadline == Deadline::never() ? (state_->ended.wait(lock, empty), true)
                                                 : state_->ended.wait_until(lock, deadline.at, empty);
  if (all) return {};
  return Error{ErrorCode::deadline_exceeded,
               std::to_string(state_->sessions.size()) + " HTTP connections were still busy at the deadline"};
}

}  // namespace staronnx
