#include "apps/service.h"

#include <systemd/sd-daemon.h>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <span>
#include <sstream>
#include <thread>

#include "apps/verbs.h"

namespace staronnx::apps {
namespace {

constexpr int kSignalled = 128;  // and the signal's number: the status of what a signal ended

// Says which models are there, and whether all are; fails for the first of the command line's that is not.
Status say_models(const Catalog& catalog, const std::set<std::string>& must_be_ready) {
  std::string names;
  for (const ModelStatus& model : catalog.index()) {
    const bool ready = model.state == ModelState::ready;
    if (!ready && must_be_ready.contains(model.name))
      return Error{ErrorCode::unavailable, "model '" + model.name + "': " + model.reason};
    if (ready) names += (names.empty() ? "" : ", ") + model.name;
  }
  std::cout << (catalog.ready() ? "ready: " : "not ready, but serving: ") << names << std::endl;
  return {};
}

// To the service manager that started the process, if one did.
void tell_manager(Log& log, const char* state) {
  if (const int told = sd_notify(0, state); told < 0)
    log.write(LogLevel::warning, std::string("$NOTIFY_SOCKET does not take '") + state + "': " + std::strerror(-told));
}

class Service {
 public:
  Service(Server& server, HttpServer& http, GrpcServer& grpc, std::set<std::string> must_be_ready, Seconds exit_timeout)
      : server_(server), http_(http), grpc_(grpc), must_be_ready_(std::move(must_be_ready)), exit_timeout_(exit_timeout) {}

  int run() {
    signals_.async_wait([this](boost::system::error_code cancelled, int) {
      if (!cancelled) begin_end();
    });
    reload_when_asked();
    settling_ = std::jthread([this] {
      server_.catalog().settle();
      boost::asio::post(events_, [this] { say_settled(); });
    });
    events_.run();
    server_.tracer().close();
    // What is being loaded cannot be stopped, and is not needed any more; nor is who would be told.
    if (server_.catalog().busy()) std::_Exit(status_);
    return status_;
  }

 private:
  void say_settled() {
    if (ending_) return;
    const Status models = say_models(server_.catalog(), must_be_ready_);
    if (models) return tell_manager(server_.log(), "READY=1");
    status_ = report(models.error(), false);
    signals_.cancel();
    hangups_.cancel();
  }

  void reload_when_asked() {
    hangups_.async_wait([this](boost::system::error_code cancelled, int) {
      if (cancelled || ending_) return;
      reload();
      reload_when_asked();
    });
  }

  // What is wrong with what is new leaves what is there.
  void reload() {
    Log& log = server_.log();
    const Status log_file = log.reopen();
    log.write(LogLevel::info, "SIGHUP: models and certificates are looked at again");
    for (const Status& status : {log_file, http_.reload_certificates(), grpc_.reload_certificates()}) {
      if (!status) log.write(LogLevel::error, "what was there stays: " + status.error().message);
    }
    server_.control().reload();
  }

  void begin_end() {
    ending_ = true;
    server_.end();
    tell_manager(server_.log(), "STOPPING=1");
    std::ostringstream ending;
    ending << "ending: what is under way is answered, for at most " << exit_timeout_.count() << " s";
    server_.log().write(LogLevel::info, ending.str());
    signals_.async_wait([](boost::system::error_code cancelled, int second) {
      if (!cancelled) std::_Exit(kSignalled + second);
    });
    draining_ = std::jthread([this] {
      const Deadline deadline = Deadline::after(exit_timeout_, Clock::now());
      std::jthread calls([&] { grpc_.drain(deadline); });
      const Status connections = http_.drain(deadline);
      calls.join();
      const std::array ended = {connections, server_.catalog().drain(deadline)};
      boost::asio::post(events_, [this, ended] { say_ended(ended); });
    });
  }

  void say_ended(std::span<const Status> ended) {
    for (const Status& status : ended) {
      if (!status) status_ = report(status.error(), false);
    }
    events_.stop();
  }

  Server& server_;
  HttpServer& http_;
  GrpcServer& grpc_;
  const std::set<std::string> must_be_ready_;
  const Seconds exit_timeout_;
  boost::asio::io_context events_;
  boost::asio::signal_set signals_{events_, SIGTERM, SIGINT};
  boost::asio::signal_set hangups_{events_, SIGHUP};
  int status_ = 0;
  bool ending_ = false;
  std::jthread settling_, draining_;
};

}  // namespace

int run_service(Server& server, HttpServer& http, GrpcServer& grpc, std::set<std::string> must_be_ready, Seconds exit_timeout) {
  return Service(server, http, grpc, std::move(must_be_ready), exit_timeout).run();
}

}  // namespace staronnx::apps
