#include "apps/supervisor.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <ctime>
#include <iostream>

#include "apps/verbs.h"
#include "staronnx/schedule/gathering.h"

namespace staronnx::apps {
namespace {

// Between the ends of two servers, at least: one that cannot live does not keep the machine busy.
constexpr std::time_t kPauseS = 1;

class Supervisor {
 public:
  explicit Supervisor(Ports& ports) : ports_(ports) {
    sigemptyset(&signals_);
    for (const int signal : {SIGCHLD, SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals_, signal);
    sigprocmask(SIG_BLOCK, &signals_, &before_);
  }
  ~Supervisor() { sigprocmask(SIG_SETMASK, &before_, nullptr); }
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  int run(const std::function<int(const Ports&, Ports&)>& serve) {
    for (;;) {
      const std::time_t begin = std::time(nullptr);
      const pid_t server = begin_server(serve);
      if (server < 0)
        return report({ErrorCode::internal, std::string("no process for the server: ") + std::strerror(errno)}, false);
      const int status = status_of(server);
      if (ending_ || (WIFEXITED(status) && WEXITSTATUS(status) != kNodeLost)) return exit_status_of(status);
      if (WIFSIGNALED(status)) std::cerr << "the server was ended by signal " << WTERMSIG(status) << std::endl;
      std::cerr << "the server begins again" << std::endl;
      pause_until(begin + kPauseS);
      if (ending_) return exit_status_of(status);
    }
  }

 private:
  static int exit_status_of(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

  pid_t begin_server(const std::function<int(const Ports&, Ports&)>& serve) const {
    const Ports before = ports_;
    const pid_t parent = getpid(), server = fork();
    if (server != 0) return server;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(1);
    sigprocmask(SIG_SETMASK, &before_, nullptr);
    std::exit(serve(before, ports_));
  }

  int status_of(pid_t server) {
    for (int status = 0;;) {
      const int signal = sigwaitinfo(&signals_, nullptr);
      if (signal == SIGTERM || signal == SIGINT) ending_ = true;
      if (signal != SIGCHLD && signal > 0) kill(server, signal);
      if (waitpid(server, &status, WNOHANG) == server) return status;
    }
  }

  void pause_until(std::time_t moment) {
    for (std::time_t now = std::time(nullptr); now < moment && !ending_; now = std::time(nullptr)) {
      const timespec left{moment - now, 0};
      const int signal = sigtimedwait(&signals_, nullptr, &left);
      if (signal == SIGTERM || signal == SIGINT) ending_ = true;
    }
  }

  Ports& ports_;
  sigset_t signals_{}, before_{};
  bool ending_ = false;
};

}  // namespace

int supervise(const std::function<int(const Ports& before, Ports& now)>& serve) {
  void* shared = mmap(nullptr, sizeof(Ports), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return report({ErrorCode::internal, "no memory to share with the server"}, false);
  return Supervisor(*new (shared) Ports).run(serve);
}

}  // namespace staronnx::apps
