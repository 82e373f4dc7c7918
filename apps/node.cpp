#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/ip/host_name.hpp>
#include <csignal>
#include <ctime>
#include <iostream>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "apps/machine_choice.h"
#include "apps/verbs.h"
#include "staronnx/base/temporary_directory.h"
#include "staronnx/machine/machine.h"
#include "staronnx/profile/cost_profile.h"
#include "staronnx/schedule/node.h"

namespace staronnx::apps {
namespace {

constexpr int kNoServer = 75;  // EX_TEMPFAIL of sysexits.h: of a process that found no server
constexpr timespec kRetry{1, 0};

struct Options {
  std::string join;
  std::string core_groups;
  std::string name;
  MachineChoice here;
  bool once = false;
};

// A process for each core group, as StarPU has it, begun anew when its server has ended.
class Agent {
 public:
  Agent(const Options& options, std::vector<CoreGroup> groups) : options_(options), groups_(std::move(groups)) {
    sigemptyset(&signals_);
    for (const int signal : {SIGCHLD, SIGTERM, SIGINT}) sigaddset(&signals_, signal);
    sigprocmask(SIG_BLOCK, &signals_, &before_);
  }

  int run() {
    for (std::size_t group = 0; group < groups_.size(); ++group) waiting_.push_back(group);
    while (!waiting_.empty() || !processes_.empty()) {
      begin_waiting();
      const int signal = sigtimedwait(&signals_, nullptr, &kRetry);
      if (signal == SIGTERM || signal == SIGINT) return end_all(0);
      int status = 0;
      for (pid_t process = 0; (process = waitpid(-1, &status, WNOHANG)) > 0;) {
        const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
        if (WIFSIGNALED(status))
          report({ErrorCode::internal, "the node's process was ended by signal " + std::to_string(WTERMSIG(status))}, false);
        const std::size_t group = processes_.at(process).group;
        processes_.erase(process);
        const bool may_join_again = !options_.once && (code == kNoServer || WIFSIGNALED(status));
        if (code != 0 && !may_join_again) return end_all(1);
        if (!options_.once) waiting_.push_back(group);
        if (code == 0) told_ = false;
      }
    }
    return 0;
  }

 private:
  struct Process {
    std::size_t group = 0;
    TemporaryDirectory directory;
  };

  void begin_waiting() {
    for (const std::size_t group : std::exchange(waiting_, {})) {
      Result<TemporaryDirectory> directory = TemporaryDirectory::create();
      if (!directory) {
        report(directory.error(), false);
        waiting_.push_back(group);
        continue;
      }
      const pid_t parent = getpid(), process = fork();
      if (process == 0) serve(group, directory->path(), parent);
      processes_.emplace(process, Process{group, *std::move(directory)});
    }
    if (!std::exchange(told_, true)) std::cerr << "a node for the server at " << options_.join << std::endl;
  }

  [[noreturn]] void serve(std::size_t group, const std::filesystem::path& directory, pid_t parent) const {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(1);
    sigprocmask(SIG_SETMASK, &before_, nullptr);
    const Error error = run_node({options_.join, directory, {options_.name, groups_[group]}, default_cache_directory()});
    const bool no_server = error.code == ErrorCode::unavailable;
    if (!no_server || options_.once) report(error, false);
    _exit(no_server ? kNoServer : 1);
  }

  int end_all(int status) {
    for (const auto& [process, ignored] : processes_) kill(process, SIGTERM);
    for (const auto& [process, ignored] : processes_) waitpid(process, nullptr, 0);
    return status;
  }

  const Options& options_;
  const std::vector<CoreGroup> groups_;
  sigset_t signals_{}, before_{};
  std::map<pid_t, Process> processes_;
  std::vector<std::size_t> waiting_;  // groups without a process
  bool told_ = false;
};

int run_verb(Options options) {
  Result<Machine> machine = options.here.machine();
  if (!machine) return report(machine.error(), false);
  if (options.core_groups.empty()) options.core_groups = std::to_string(machine->cores.size());
  Result<std::vector<CoreGroup>> groups = core_groups(*machine, options.core_groups);
  if (!groups) return report(groups.error(), false);
  if (options.name.empty()) options.name = boost::asio::ip::host_name();
  return Agent(options, *std::move(groups)).run();
}

}  // namespace

void add_node(CLI::App& app, int& exit_status) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("node", "Lend this machine's cores to a server elsewhere (bench or run with --nodes)");
  verb->add_option("--join", options->join, "HOST:PORT where the server waits for nodes; it is waited for, too")->required();
  verb->add_option("--core-groups", options->core_groups,
                   "Widths of the groups, each a node: 2 or 1,1 or auto (default: one of all cores)");
  options->here.add_to(*verb);
  verb->add_option("--name", options->name, "How the server calls it (default: the host's name)");
  verb->add_flag("--once", options->once, "End with the first server, instead of waiting for the next");
  verb->callback([options, &exit_status] { exit_status = run_verb(*options); });
}

}  // namespace staronnx::apps
