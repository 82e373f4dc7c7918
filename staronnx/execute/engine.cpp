#include "staronnx/execute/engine.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "staronnx/execute/openvino_session.h"
#include "staronnx/execute/optimized_model.h"
#include "staronnx/execute/ort.h"
#include "staronnx/execute/session_executor.h"
#include "staronnx/model/model.h"

namespace staronnx {
namespace {

using ExecutorResult = Result<std::shared_ptr<Executor>>;

// One content of a file: another one gets another key.
using FileKey = std::tuple<std::filesystem::path, std::uintmax_t, std::filesystem::file_time_type>;

Result<FileKey> key_of(const std::filesystem::path& model) {
  std::error_code code;
  FileKey key{std::filesystem::canonical(model, code), 0, {}};
  if (!code) std::get<1>(key) = std::filesystem::file_size(model, code);
  if (!code) std::get<2>(key) = std::filesystem::last_write_time(model, code);
  if (code) return Error{ErrorCode::not_found, "'" + model.string() + "' cannot be read: " + code.message()};
  return key;
}

// A model file in use, and its sessions. It lives as long as one of them.
class PreparedFile : public std::enable_shared_from_this<PreparedFile> {
 public:
  PreparedFile(std::shared_ptr<const Ort::Env> environment, std::filesystem::path file)
      : environment_(std::move(environment)), file_(std::move(file)) {}

  ExecutorResult executor(const CoreGroup& group, Provider provider) {
    const std::lock_guard lock(mutex_);
    const bool shared = provider == Provider::cpu && group.width() == 1;
    std::weak_ptr<Executor>& known = executors_[{provider, shared ? std::vector<int>{} : group.cores}];
    if (std::shared_ptr<Executor> executor = known.lock()) return executor;
    ExecutorResult executor = provider == Provider::openvino ? with_openvino(group) : with_own(group);
    if (executor) known = *executor;
    return executor;
  }

 private:
  ExecutorResult with_openvino(const CoreGroup& group) {
    if (Status loaded = load_signature(); !loaded) return loaded.error();
    if (Status taken = check_openvino_takes(*signature_); !taken) return with_context("'" + file_.string() + "'", taken.error());
    OpenvinoSession opened = open_with_openvino(*environment_, file_, group);
    return executor_on(std::move(opened.session), std::move(opened.note));
  }

  ExecutorResult with_own(const CoreGroup& group) {
    if (Status loaded = load_signature(); !loaded) return loaded.error();
    if (Status optimized = optimize(); !optimized) return optimized.error();
    return executor_on(model_->open(*environment_, ort::options_for(group)), {});
  }

  std::shared_ptr<Executor> executor_on(Ort::Session session, std::string note) {
    return std::make_shared<SessionExecutor>(file_.filename().string(), *signature_, shared_from_this(), std::move(session),
                                             std::move(note));
  }

  Status load_signature() {
    if (signature_) return {};
    const Result<Model> model = Model::load(file_);
    if (!model) return model.error();
    signature_ = model->signature();
    return {};
  }

  Status optimize() {
    if (model_) return {};
    Result<std::unique_ptr<OptimizedModel>> optimized = OptimizedModel::create(*environment_, file_);
    if (!optimized) return optimized.error();
    model_ = *std::move(optimized);
    return {};
  }

  std::shared_ptr<const Ort::Env> environment_;
  std::filesystem::path file_;
  std::mutex mutex_;
  std::optional<Signature> signature_;
  std::unique_ptr<OptimizedModel> model_;
  std::map<std::pair<Provider, std::vector<int>>, std::weak_ptr<Executor>>
      executors_;  // by cores; groups of one core with ONNX Runtime's own provider share the entry without cores
};

Status check_provider(const std::filesystem::path& model, Provider provider) {
  const std::vector<Provider> available = available_providers();
  if (std::ranges::count(available, provider) > 0) return {};
  return Error{ErrorCode::unsupported, "'" + model.string() + "' is to run with the provider " +
                                           std::string(to_string(provider)) + ", which this ONNX Runtime (" +
                                           onnxruntime_version() +
                                           ") does not have; plan the model again, or build with scripts/build --openvino"};
}

}  // namespace

struct Engine::State {
  std::shared_ptr<const Ort::Env> environment;
  std::mutex mutex;
  std::map<FileKey, std::weak_ptr<PreparedFile>> files;

  std::shared_ptr<PreparedFile> file(const FileKey& key) {
    const std::lock_guard lock(mutex);
    std::erase_if(files, [](const auto& entry) { return entry.second.expired(); });
    std::weak_ptr<PreparedFile>& known = files[key];
    std::shared_ptr<PreparedFile> file = known.lock();
    if (!file) known = file = std::make_shared<PreparedFile>(environment, std::get<0>(key));
    return file;
  }
};

Engine::Engine(std::unique_ptr<State> state) : state_(std::move(state)) {}
Engine::~Engine() = default;

Result<std::unique_ptr<Engine>> Engine::create() {
  return ort::guarded("ONNX Runtime", []() -> Result<std::unique_ptr<Engine>> {
    auto state = std::make_unique<State>();
    auto environment = std::make_shared<Ort::Env>(ort::quiet_environment());
    ort::share_arena(*environment);
    state->environment = std::move(environment);
    return std::make_unique<Engine>(std::move(state));
  });
}

ExecutorResult Engine::prepare(const std::filesystem::path& model, const CoreGroup& group, Provider provider) {
  return ort::guarded("'" + model.string() + "'", [&]() -> ExecutorResult {
    if (Status known = check_provider(model, provider); !known) return known.error();
    const Result<FileKey> key = key_of(model);
    if (!key) return key.error();
    return state_->file(*key)->executor(group, provider);
  });
}

ExecutorResult Engine::prepare_plain(const std::filesystem::path& model, int threads) {
  return ort::guarded("'" + model.string() + "'", [&]() -> ExecutorResult {
    const Result<Model> loaded = Model::load(model);
    if (!loaded) return loaded.error();
    Ort::SessionOptions options;
    options.SetLogSeverityLevel(ORT_LOGGING_LEVEL_FATAL);
    options.SetIntraOpNumThreads(threads);
    Ort::Session session(*state_->environment, model.c_str(), options);
    return std::shared_ptr<Executor>(std::make_shared<SessionExecutor>(model.filename().string(), loaded->signature(),
                                                                       state_->environment, std::move(session)));
  });
}

std::span<const std::byte> place_in(OutputSlot& slot, std::span<const std::byte> data) {
  if (data.size() <= slot.buffer.size()) {
    std::copy(data.begin(), data.end(), slot.buffer.begin());
    return slot.buffer.first(data.size());
  }
  slot.overflow.assign(data.begin(), data.end());
  return slot.overflow;
}

std::string onnxruntime_version() {
  return OrtGetApiBase()->GetVersionString();
}

}  // namespace staronnx
