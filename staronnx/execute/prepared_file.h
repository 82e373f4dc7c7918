// A model file in use, and its sessions: what an Engine keeps of a file. It lives as long as one of its executors. Private to this room.
//
// An executor with ONNX Runtime's own provider opens its session when it is needed: when it is prepared, and at the first run after
// the file gave back, for the WeightsBudget, its sessions and the pages of its weights. The optimised model stays on disk and mapped
// meanwhile, so that opening is all there is to be done again.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/execute/engine.h"
#include "staronnx/execute/optimized_model.h"
#include "staronnx/execute/ort.h"
#include "staronnx/execute/session_executor.h"
#include "staronnx/execute/weights_budget.h"

namespace staronnx {

class PreparedFile final : public WeightsBudget::Tenant, public std::enable_shared_from_this<PreparedFile> {
 public:
  PreparedFile(std::shared_ptr<const Ort::Env> environment, std::shared_ptr<WeightsBudget> budget, std::filesystem::path file)
      : environment_(std::move(environment)), budget_(std::move(budget)), file_(std::move(file)) {}
  ~PreparedFile() override { budget_->leave(*this); }

  // Thread-safe. Throws Ort::Exception.
  Result<std::shared_ptr<Executor>> executor(const CoreGroup& group, Provider provider);

 private:
  class OwnExecutor;
  struct GivenBack;

  Result<std::shared_ptr<Executor>> with_openvino(const CoreGroup& group);
  Result<std::shared_ptr<OwnExecutor>> with_own(const CoreGroup& group);
  std::shared_ptr<Executor> executor_on(Ort::Session session, std::string note);
  Status load_signature();
  Status optimize();
  Result<std::shared_ptr<Executor>> session_of(OwnExecutor& executor);  // opens it if need be
  std::shared_ptr<void> give_back() override;

  std::shared_ptr<const Ort::Env> environment_;
  std::shared_ptr<WeightsBudget> budget_;
  std::filesystem::path file_;
  std::mutex mutex_;  // among uses; while the file gives back there is none
  std::optional<Signature> signature_;
  std::shared_ptr<OptimizedModel> model_;
  std::map<std::vector<int>, std::weak_ptr<OwnExecutor>> own_;  // by cores; groups of one core share the entry without cores
  std::map<std::vector<int>, std::weak_ptr<Executor>> openvino_;
};

}  // namespace staronnx
