#include "staronnx/serve/model_config.h"

#include <google/protobuf/text_format.h>
#include <google/protobuf/util/json_util.h>

#include <sstream>
#include <vector>

#include "staronnx/base/read_file.h"
#include "staronnx/serve/config_check.h"
#include "staronnx/serve/config_completion.h"
#include "staronnx/serve/config_ensemble.h"
#include "staronnx/serve/config_support.h"

namespace staronnx {
namespace {

const std::string default_file = "model.onnx";

Result<std::vector<std::string>> read_labels(const std::filesystem::path& file, const std::string& output) {
  const std::optional<std::string> content = read_file(file);
  if (!content)
    return Error{ErrorCode::not_found, "label_filename of output '" + output + "': '" + file.string() + "' cannot be read"};
  std::vector<std::string> labels;
  std::istringstream lines(*content);
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with('\r')) line.pop_back();
    labels.push_back(std::move(line));
  }
  return labels;
}

QueuePolicy policy_of(const inference::ModelQueuePolicy& said) {
  QueuePolicy policy;
  if (said.max_queue_size() > 0) policy.max_queue_size = said.max_queue_size();
  policy.default_timeout = Microseconds(static_cast<double>(said.default_timeout_microseconds()));
  policy.may_change_timeout = said.allow_timeout_override();
  policy.late_goes_last = said.timeout_action() == inference::ModelQueuePolicy::DELAY;
  return policy;
}

void take_queues(const inference::ModelDynamicBatching& batching, ModelSettings& settings) {
  if (batching.has_default_queue_policy()) settings.queue = policy_of(batching.default_queue_policy());
  for (const auto& [level, policy] : batching.priority_queue_policy()) settings.queues[level] = policy_of(policy);
  settings.priority_levels = batching.priority_levels();
  if (batching.default_priority_level() > 0) settings.default_priority = batching.default_priority_level();
  settings.in_order = batching.preserve_ordering();
  settings.batch_wait = Microseconds(static_cast<double>(batching.max_queue_delay_microseconds()));
  settings.preferred_batches.assign(batching.preferred_batch_size().begin(), batching.preferred_batch_size().end());
}

}  // namespace

ModelConfig::ModelConfig(const std::string& name) {
  auto message = std::make_shared<inference::ModelConfig>();
  message->set_name(name);
  message_ = std::move(message);
}

Result<ModelConfig> ModelConfig::parse(const std::string& text, const std::string& file, const std::string& name) {
  const Result<ConfigText> parsed = ConfigText::parse(text, file);
  if (!parsed) return parsed.error();
  if (Status supported = check_supported(*parsed); !supported) return supported.error();
  if (Status sound = check_values(*parsed); !sound) return sound.error();
  if (Status sound = check_ensemble(*parsed, name); !sound) return sound.error();
  auto message = std::make_shared<inference::ModelConfig>(parsed->message());
  if (!message->name().empty() && message->name() != name)
    return parsed->refusal("name",
                           "is '" + message->name() + "', but the model is '" + name + "'; write the same, or remove the field");
  message->set_name(name);
  return ModelConfig(std::move(message));
}

Result<ModelConfig> ModelConfig::parse_json(const std::string& json, const std::string& name) {
  const std::string source = "parameter 'config'";
  inference::ModelConfig message;
  const auto read = google::protobuf::util::JsonStringToMessage(json, &message);
  if (!read.ok()) return Error{ErrorCode::invalid_argument, source + ": " + read.ToString()};
  std::string text;
  if (!google::protobuf::TextFormat::PrintToString(message, &text))
    return Error{ErrorCode::invalid_argument, source + ": is not a model's configuration"};
  return parse(text, source, name);
}

bool ModelConfig::is_ensemble() const {
  return message_->has_ensemble_scheduling();
}

Result<ModelConfig> ModelConfig::completed(const Signature& model) const {
  auto message = std::make_shared<inference::ModelConfig>(*message_);
  message->set_platform(is_ensemble() ? "ensemble" : "onnxruntime_onnx");
  if (!is_ensemble()) {
    message->set_backend("onnxruntime");
    message->set_default_model_filename(model_file());
  }
  if (message->version_policy().policy_choice_case() == inference::ModelVersionPolicy::POLICY_CHOICE_NOT_SET)
    message->mutable_version_policy()->mutable_latest()->set_num_versions(1);
  if (Status done = complete_tensors(model, *message); !done) return done.error();
  return ModelConfig(std::move(message));
}

Result<ModelSettings> ModelConfig::settings(const std::filesystem::path& folder) const {
  ModelSettings settings;
  settings.max_batch_size = message_->max_batch_size();
  for (const inference::ModelOutput& output : message_->output()) {
    if (output.label_filename().empty()) continue;
    Result<std::vector<std::string>> labels = read_labels(folder / output.label_filename(), output.name());
    if (!labels) return labels.error();
    settings.labels.emplace(output.name(), *std::move(labels));
  }
  take_queues(message_->dynamic_batching(), settings);
  settings.metric_tags.insert(message_->metric_tags().begin(), message_->metric_tags().end());
  Result<OwnParameters> own = own_parameters(*message_);
  if (!own) return own.error();
  settings.share = own->share;
  settings.variant = own->variant;
  return settings;
}

const std::string& ModelConfig::model_file() const {
  return message_->default_model_filename().empty() ? default_file : message_->default_model_filename();
}

ShapesByName ModelConfig::shapes() const {
  Result<OwnParameters> own = own_parameters(*message_);
  return own ? own->shapes : ShapesByName();
}

}  // namespace staronnx
