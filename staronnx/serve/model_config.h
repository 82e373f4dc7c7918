// What a user says of a model: `config.pbtxt`, in the words of the protocol (proto/model_config.proto).
//
//   text -> ModelConfig::parse() -> completed(signature) -> settings(folder), or as it is to clients that ask for it
//
// Nothing in it is ignored: what StarONNX does not do is refused by its name, with what to do instead, and so is what the model
// contradicts. Settings of StarONNX's own are parameters, so that other servers can read the file, too:
//
//   parameters { key: "staronnx.shapes"  value { string_value: "ids:1x128 mask:1x128" } }  # to plan dynamic inputs for
//   parameters { key: "staronnx.share"   value { string_value: "2" } }     # of the machine, relative to other models' (1)
//   parameters { key: "staronnx.variant" value { string_value: "k2" } }    # of the plan; else chosen for each request
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "staronnx/base/result.h"
#include "staronnx/model/signature.h"
#include "staronnx/serve/model_settings.h"

namespace inference {
class ModelConfig;
}

namespace staronnx {

// A value; copies share the memory.
class ModelConfig {
 public:
  // Says nothing but the model's name.
  explicit ModelConfig(const std::string& name);

  // `file` is named in messages, which begin "FILE:LINE:COLUMN: ". Fails with `unsupported` for what StarONNX does not do, else with
  // invalid_argument; also when the text has another name than `name`.
  static Result<ModelConfig> parse(const std::string& text, const std::string& file, const std::string& name);

  // The same from JSON as clients send it with a request to load the model.
  static Result<ModelConfig> parse_json(const std::string& json, const std::string& name);

  // Whether it has steps instead of a model's file. Its own inputs and outputs are then signature_of() (ensemble_graph.h), and its graph is sound.
  bool is_ensemble() const;

  // With what the text leaves open taken from the model: inputs that have no default values, outputs when none is listed, types, dimensions.
  // Fails, naming the tensor, for what the model contradicts (invalid_argument), and for types that the protocol has no word for
  // (unsupported).
  Result<ModelConfig> completed(const Signature& model) const;

  // What the server does by it. Only of a completed one. Reads the files with labels in the model's `folder`; not_found names those missing.
  Result<ModelSettings> settings(const std::filesystem::path& folder) const;

  const std::string& model_file() const;  // its name in a version's folder
  ShapesByName shapes() const;            // to plan for

  const inference::ModelConfig& message() const { return *message_; }

 private:
  explicit ModelConfig(std::shared_ptr<const inference::ModelConfig> message) : message_(std::move(message)) {}

  std::shared_ptr<const inference::ModelConfig> message_;
};

}  // namespace staronnx
