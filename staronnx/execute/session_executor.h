// An Executor that is one ONNX Runtime session. Private to this room.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "staronnx/execute/engine.h"
#include "staronnx/execute/ort.h"

namespace staronnx {

class SessionExecutor final : public Executor {
 public:
  // `name` begins error messages. `keep` is what the session stands on (environment, weights); it is released after the session.
  SessionExecutor(std::string name, Signature signature, std::shared_ptr<const void> keep, Ort::Session session,
                  std::string note = {});

  const Signature& signature() const override { return signature_; }
  std::string note() const override { return note_; }
  Status run(std::span<const TensorView> inputs, std::span<OutputSlot> outputs) override;

 private:
  struct Inputs;
  // A run's, by input and by output.
  struct Shapes {
    std::vector<Shape> inputs, outputs;
  };
  // By what outputs go straight into their slots: those whose shape is known before the run. What was wrong once is not tried again.
  enum Foresight { none, declared, as_last_time };

  Result<Inputs> bind_inputs(std::span<const TensorView> inputs) const;
  std::vector<Ort::Value> bind_outputs(std::span<OutputSlot> outputs, Foresight foresight, const Shapes* last) const;
  std::vector<Ort::Value> run_session(const Inputs& inputs, std::span<OutputSlot> outputs, const Shapes* last);
  std::shared_ptr<const Shapes> last_like(std::span<const TensorView> inputs);
  void remember(std::span<const TensorView> inputs, std::span<const OutputSlot> outputs);

  std::string name_;
  std::string note_;
  Signature signature_;
  Ort::MemoryInfo memory_;
  std::shared_ptr<const void> keep_;
  Ort::Session session_;
  std::vector<const char*> output_names_;
  const bool all_declared_;  // the file states the shapes of all outputs
  std::atomic<Foresight> foresight_ = as_last_time;
  std::mutex mutex_;                    // guards last_
  std::shared_ptr<const Shapes> last_;  // null: nothing is known
};

}  // namespace staronnx
