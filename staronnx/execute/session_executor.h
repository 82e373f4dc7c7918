// An Executor that is one ONNX Runtime session. Private to this room.
#pragma once

#include <atomic>
#include <memory>
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
  Result<Inputs> bind_inputs(std::span<const TensorView> inputs) const;
  std::vector<Ort::Value> bind_outputs(std::span<OutputSlot> outputs, bool as_declared) const;
  std::vector<Ort::Value> run_session(const Inputs& inputs, std::span<OutputSlot> outputs);

  std::string name_;
  std::string note_;
  Signature signature_;
  Ort::MemoryInfo memory_;
  std::shared_ptr<const void> keep_;
  Ort::Session session_;
  std::vector<const char*> output_names_;
  // What the file says about the shapes of its outputs was right so far; only then do outputs go straight into their slots.
  std::atomic<bool> declared_shapes_hold_ = true;
};

}  // namespace staronnx
