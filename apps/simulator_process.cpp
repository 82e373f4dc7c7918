#include "apps/simulator_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "staronnx/base/read_file.h"
#include "staronnx/base/temporary_directory.h"
#include "staronnx/base/write_file.h"
#include "staronnx/machine/machine_file.h"
#include "staronnx/simulate/platform.h"

namespace staronnx::apps {
namespace {

std::string simulator() {
  std::error_code failure;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", failure);
  return self.parent_path() / STARONNX_SIMULATOR;
}

Error does_not_start(int why) {
  return {ErrorCode::unavailable, "the simulator " + simulator() + " does not start: " + std::generic_category().message(why) +
                                      "; build or install StarONNX anew"};
}

// What the simulator reads of the machine, in a folder that it takes away at its end; StarPU's part also in the environment.
Result<TemporaryDirectory> offer(const SimulateChoice& choice, const Machine& machine) {
  Result<TemporaryDirectory> folder = TemporaryDirectory::create();
  if (!folder) return folder;
  if (Status offered = offer_platform(machine, folder->path()); !offered)
    return with_context("machine " + (choice.machine.empty() ? "here" : "file '" + choice.machine + "'"), offered.error());
  if (Status written = write_file(folder->path() / "machine.json", to_json(machine)); !written) return written.error();
  return folder;
}

// As execv() takes them.
class Arguments {
 public:
  Arguments(const SimulateChoice& choice, const TemporaryDirectory& folder)
      : words_{simulator(), "--log=xbt_cfg.thresh:warning", folder.path()} {  // SimGrid takes out the second
    for (std::string& argument : choice.arguments()) words_.push_back(std::move(argument));
    for (std::string& word : words_) pointers_.push_back(word.data());
    pointers_.push_back(nullptr);
  }
  char* const* get() const { return pointers_.data(); }

 private:
  std::vector<std::string> words_;
  std::vector<char*> pointers_;
};

// Its exit status, or what kept it from starting.
Result<int> run(const Arguments& arguments, const std::filesystem::path& output) {
  posix_spawn_file_actions_t actions{};
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output.c_str(), O_WRONLY | O_CREAT, 0600);
  pid_t process = 0;
  const int failure = posix_spawn(&process, arguments.get()[0], &actions, nullptr, arguments.get(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failure != 0) return does_not_start(failure);
  int status = 0;
  while (waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

Error become_simulator(const SimulateChoice& choice, const Machine& machine) {
  const Result<TemporaryDirectory> folder = offer(choice, machine);
  if (!folder) return folder.error();
  execv(simulator().c_str(), Arguments(choice, *folder).get());
  return does_not_start(errno);
}

Result<nlohmann::json> simulated(SimulateChoice choice, const Machine& machine) {
  choice.json = true;
  choice.output.clear();
  const Result<TemporaryDirectory> folder = offer(choice, machine);
  if (!folder) return folder.error();
  const Result<TemporaryDirectory> own = TemporaryDirectory::create();
  if (!own) return own.error();
  const std::filesystem::path output = own->path() / "output.json";
  const Result<int> status = run(Arguments(choice, *folder), output);
  if (!status) return status.error();
  nlohmann::json answer = nlohmann::json::parse(read_file(output).value_or(""), nullptr, false);
  if (answer.is_object() && answer.contains("error"))
    return Error{ErrorCode::invalid_argument, answer["error"].value("message", "the simulator fails")};
  if (!answer.is_object() || *status != 0)
    return Error{ErrorCode::internal, "the simulator has ended with status " + std::to_string(*status) + " and no answer"};
  return answer;
}

}  // namespace staronnx::apps
