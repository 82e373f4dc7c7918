#include "staronnx/execute/prepared_file.h"

#include <utility>

#include "staronnx/execute/openvino_session.h"
#include "staronnx/model/model.h"

namespace staronnx {

class PreparedFile::OwnExecutor final : public Executor {
 public:
  OwnExecutor(std::shared_ptr<PreparedFile> file, CoreGroup cores) : group(std::move(cores)), file_(std::move(file)) {}

  const Signature& signature() const override { return *file_->signature_; }

  Status run(std::span<const TensorView> inputs, std::span<OutputSlot> outputs) override {
    const WeightsBudget::Use use(*file_->budget_, *file_);
    const Result<std::shared_ptr<Executor>> opened = file_->session_of(*this);
    return opened ? (*opened)->run(inputs, outputs) : opened.error();
  }

  const CoreGroup group;
  std::shared_ptr<Executor> session;  // under the file's lock, or while the file gives back; none after that

 private:
  std::shared_ptr<PreparedFile> file_;
};

// Executors are kept until the budget's lock is free: with the last of them the file would leave the budget.
struct PreparedFile::GivenBack {
  std::shared_ptr<OptimizedModel> model;
  Ort::PrepackedWeightsContainer prepacked;
  std::vector<std::shared_ptr<OwnExecutor>> executors;
  std::vector<std::shared_ptr<Executor>> sessions;

  ~GivenBack() {
    sessions.clear();
    model->forget_weights();
  }
};

Result<std::shared_ptr<Executor>> PreparedFile::executor(const CoreGroup& group, Provider provider) {
  if (provider == Provider::openvino) return with_openvino(group);
  const WeightsBudget::Use use(*budget_, *this);
  Result<std::shared_ptr<OwnExecutor>> executor = with_own(group);
  if (!executor) return executor.error();
  if (const auto opened = session_of(**executor); !opened) return opened.error();
  return std::shared_ptr<Executor>(*std::move(executor));
}

Result<std::shared_ptr<Executor>> PreparedFile::with_openvino(const CoreGroup& group) {
  const std::lock_guard lock(mutex_);
  std::weak_ptr<Executor>& known = openvino_[group.cores];
  if (std::shared_ptr<Executor> executor = known.lock()) return executor;
  if (Status loaded = load_signature(); !loaded) return loaded.error();
  if (Status taken = check_openvino_takes(*signature_); !taken) return with_context("'" + file_.string() + "'", taken.error());
  OpenvinoSession opened = open_with_openvino(*environment_, file_, group);
  std::shared_ptr<Executor> executor = executor_on(std::move(opened.session), std::move(opened.note));
  known = executor;
  return executor;
}

Result<std::shared_ptr<PreparedFile::OwnExecutor>> PreparedFile::with_own(const CoreGroup& group) {
  const std::lock_guard lock(mutex_);
  std::weak_ptr<OwnExecutor>& known = own_[group.width() == 1 ? std::vector<int>{} : group.cores];
  if (std::shared_ptr<OwnExecutor> executor = known.lock()) return executor;
  if (Status loaded = load_signature(); !loaded) return loaded.error();
  if (Status optimized = optimize(); !optimized) return optimized.error();
  auto executor = std::make_shared<OwnExecutor>(shared_from_this(), group);
  known = executor;
  return executor;
}

Result<std::shared_ptr<Executor>> PreparedFile::session_of(OwnExecutor& executor) {
  const std::lock_guard lock(mutex_);
  if (executor.session) return executor.session;
  budget_->hold(*this, model_->weights());
  return ort::guarded("'" + file_.string() + "'", [&]() -> Result<std::shared_ptr<Executor>> {
    executor.session = executor_on(model_->open(*environment_, ort::options_for(executor.group)), {});
    return executor.session;
  });
}

std::shared_ptr<void> PreparedFile::give_back() {
  auto given = std::make_shared<GivenBack>();
  given->model = model_;
  given->prepacked = model_->take_prepacked();
  for (const auto& [cores, known] : own_) {
    std::shared_ptr<OwnExecutor> executor = known.lock();
    if (!executor) continue;
    given->sessions.push_back(std::exchange(executor->session, nullptr));
    given->executors.push_back(std::move(executor));
  }
  return given;
}

std::shared_ptr<Executor> PreparedFile::executor_on(Ort::Session session, std::string note) {
  return std::make_shared<SessionExecutor>(file_.filename().string(), *signature_, shared_from_this(), std::move(session),
                                           std::move(note));
}

Status PreparedFile::load_signature() {
  if (signature_) return {};
  const Result<Model> model = Model::load(file_);
  if (!model) return model.error();
  signature_ = model->signature();
  return {};
}

Status PreparedFile::optimize() {
  if (model_) return {};
  Result<std::unique_ptr<OptimizedModel>> optimized = OptimizedModel::create(*environment_, file_);
  if (!optimized) return optimized.error();
  model_ = *std::move(optimized);
  return {};
}

}  // namespace staronnx
