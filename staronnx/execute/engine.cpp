#include "staronnx/execute/engine.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <string>
#include <tuple>
#include <utility>

#include "staronnx/execute/gpu_session.h"
#include "staronnx/execute/ort.h"
#include "staronnx/execute/prepared_file.h"
#include "staronnx/execute/session_executor.h"
#include "staronnx/execute/weights_budget.h"
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

Status check_provider(const std::filesystem::path& model, Provider provider) {
  const std::vector<Provider> available = available_providers();
  if (std::ranges::count(available, provider) > 0) return {};
  return Error{ErrorCode::unsupported, "'" + model.string() + "' is to run with the provider " +
                                           std::string(to_string(provider)) + ", which this ONNX Runtime (" +
                                           onnxruntime_version() +
                                           ") does not have; plan the model again, or build with scripts/build --openvino"};
}

ExecutorResult open_plain(const std::shared_ptr<const Ort::Env>& environment, const std::filesystem::path& model, int threads,
                          GraphOptimizationLevel level) {
  return ort::guarded("'" + model.string() + "'", [&]() -> ExecutorResult {
    const Result<Model> loaded = Model::load(model);
    if (!loaded) return loaded.error();
    Ort::SessionOptions options;
    options.SetLogSeverityLevel(ORT_LOGGING_LEVEL_FATAL);
    options.SetIntraOpNumThreads(threads);
    options.SetGraphOptimizationLevel(level);
    Ort::Session session(*environment, model.c_str(), options);
    return std::shared_ptr<Executor>(
        std::make_shared<SessionExecutor>(model.filename().string(), loaded->signature(), environment, std::move(session)));
  });
}

}  // namespace

struct Engine::State {
  std::shared_ptr<const Ort::Env> environment;
  std::shared_ptr<WeightsBudget> budget;
  std::optional<std::filesystem::path> tensorrt;
  std::mutex mutex;
  std::map<FileKey, std::weak_ptr<PreparedFile>> files;

  std::shared_ptr<PreparedFile> file(const FileKey& key) {
    const std::lock_guard lock(mutex);
    std::erase_if(files, [](const auto& entry) { return entry.second.expired(); });
    std::weak_ptr<PreparedFile>& known = files[key];
    std::shared_ptr<PreparedFile> file = known.lock();
    if (!file) known = file = std::make_shared<PreparedFile>(environment, budget, std::get<0>(key));
    return file;
  }
};

Engine::Engine(std::unique_ptr<State> state) : state_(std::move(state)) {}
Engine::~Engine() = default;

Result<std::unique_ptr<Engine>> Engine::create(const EngineOptions& options) {
  if (options.tensorrt) {
    if (Status loads = check_tensorrt(); !loads) return loads.error();
  }
  return ort::guarded("ONNX Runtime", [&]() -> Result<std::unique_ptr<Engine>> {
    auto state = std::make_unique<State>();
    auto environment = std::make_shared<Ort::Env>(ort::quiet_environment());
    ort::share_arena(*environment);
    state->environment = std::move(environment);
    state->budget = std::make_shared<WeightsBudget>(options.weights_budget);
    state->tensorrt = options.tensorrt;
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
  return open_plain(state_->environment, model, threads, ORT_ENABLE_ALL);
}

ExecutorResult Engine::prepare_unoptimized(const std::filesystem::path& model, int threads) {
  return open_plain(state_->environment, model, threads, ORT_DISABLE_ALL);
}

Result<std::unique_ptr<GpuExecutor>> Engine::prepare_on_gpu(const std::filesystem::path& model, const GpuPlace& place) {
  return ort::guarded("'" + model.string() + "'", [&]() -> Result<std::unique_ptr<GpuExecutor>> {
    if (place.provider == GpuProvider::cuda) return open_on_gpu(state_->environment, model, place, {});
    if (!state_->tensorrt)
      return Error{ErrorCode::unsupported, "'" + model.string() + "' is to run with TensorRT, for which the engine was not made"};
    std::error_code failure;
    std::filesystem::create_directories(*state_->tensorrt, failure);
    if (failure)
      return Error{ErrorCode::unavailable,
                   "the directory " + state_->tensorrt->string() + " cannot be created: " + failure.message()};
    return open_on_gpu(state_->environment, model, place, *state_->tensorrt);
  });
}

ExecutorResult Engine::prepare_plain_on_gpu(const std::filesystem::path& model, int gpu) {
  return ort::guarded("'" + model.string() + "'", [&]() -> ExecutorResult {
    const Result<Model> loaded = Model::load(model);
    if (!loaded) return loaded.error();
    Result<Ort::Session> session = open_plain_on_gpu(*state_->environment, model, gpu);
    if (!session) return session.error();
    return std::shared_ptr<Executor>(std::make_shared<SessionExecutor>(model.filename().string(), loaded->signature(),
                                                                       state_->environment, *std::move(session)));
  });
}

bool Engine::has_tensorrt() const {
  return state_->tensorrt.has_value();
}

Bytes Engine::weights_in_memory() const {
  return state_->budget->held();
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
