#include "staronnx/serve/config_support.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "staronnx/model/utf8.h"

namespace staronnx {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::TextFormat;

constexpr std::string_view processors =
    "StarONNX runs every model on all processors that it may use and chooses among them itself; remove the field";
constexpr std::string_view optimisation = "StarONNX chooses how segments are optimised and measures it; remove the field";
constexpr std::string_view no_shape_tensors = "it is for TensorRT's models; remove the field";
constexpr std::string_view whole_batches = "all requests of a batch have the same shape; remove the field";

constexpr std::array rules{
    FieldRule{"name", "*", ""},
    FieldRule{"platform", "onnxruntime_onnx|ensemble", "models are ONNX files; write 'onnxruntime_onnx', or remove the field"},
    FieldRule{"backend", "onnxruntime", "models are ONNX files; write 'onnxruntime', or remove the field"},
    FieldRule{"runtime", "", "StarONNX itself runs the models; remove the field"},
    FieldRule{"version_policy", "*", ""},
    FieldRule{"max_batch_size", "*", ""},
    FieldRule{"input", "*", ""},
    FieldRule{"input.is_shape_tensor", "", no_shape_tensors},
    FieldRule{"input.is_non_linear_format_io", "", no_shape_tensors},
    FieldRule{"input.allow_ragged_batch", "", whole_batches},
    FieldRule{"output", "*", ""},
    FieldRule{"output.is_shape_tensor", "", no_shape_tensors},
    FieldRule{"output.is_non_linear_format_io", "", no_shape_tensors},
    FieldRule{"batch_input", "", whole_batches},
    FieldRule{"batch_output", "", whole_batches},
    FieldRule{"optimization", "", optimisation},
    FieldRule{"optimization.priority", "",
              "say the model's share of the machine with the parameter 'staronnx.share'; remove the field"},
    FieldRule{"dynamic_batching.preferred_batch_size", "*", ""},
    FieldRule{"dynamic_batching.max_queue_delay_microseconds", "*", ""},
    FieldRule{"dynamic_batching.preserve_ordering", "*", ""},
    FieldRule{"dynamic_batching.priority_levels", "*", ""},
    FieldRule{"dynamic_batching.default_priority_level", "*", ""},
    FieldRule{"dynamic_batching.default_queue_policy", "*", ""},
    FieldRule{"dynamic_batching.priority_queue_policy", "*", ""},
    FieldRule{"sequence_batching", "",
              "requests are independent of each other; serve the model elsewhere if it keeps state between them"},
    FieldRule{"ensemble_scheduling.step", "*", ""},
    FieldRule{"ensemble_scheduling.step.model_namespace", "", "models are found by their names alone; remove the field"},
    FieldRule{"ensemble_scheduling.max_inflight_requests", "",
              "every step has one answer, and its model's queue a limit; remove the field"},
    FieldRule{"instance_group.name", "*", ""},
    FieldRule{"instance_group.kind", "KIND_AUTO|KIND_CPU", processors},
    FieldRule{"instance_group.count", "1", "segments run on as many core groups as there are; remove the field"},
    FieldRule{"instance_group.gpus", "", processors},
    FieldRule{"instance_group.rate_limiter", "",
              "say the model's share of the machine with the parameter 'staronnx.share'; remove the field"},
    FieldRule{"instance_group.secondary_devices", "", processors},
    FieldRule{"instance_group.profile", "", no_shape_tensors},
    FieldRule{"instance_group.passive", "", processors},
    FieldRule{"instance_group.host_policy", "", processors},
    FieldRule{"default_model_filename", "*", ""},
    FieldRule{"cc_model_filenames", "", "one file serves all processors; name it by default_model_filename"},
    FieldRule{"metric_tags", "*", ""},
    FieldRule{"parameters", "*", ""},
    FieldRule{"model_warmup", "*", ""},
    FieldRule{"model_operations", "", "operators are those of ONNX Runtime; remove the field"},
    FieldRule{"model_transaction_policy.decoupled", "", "every request has one answer; remove the field"},
    FieldRule{"model_repository_agents", "", "models are served as they lie in the repository; remove the field"},
    FieldRule{"response_cache.enable", "", "every answer is computed; remove the field"},
    FieldRule{"model_metrics", "", "metrics are the same for all models; remove the field"},
};

bool accepts(std::string_view accepted, std::string_view value) {
  if (accepted == "*") return true;
  while (!accepted.empty()) {
    const std::size_t end = accepted.find('|');
    if (accepted.substr(0, end) == value) return true;
    accepted.remove_prefix(end == std::string_view::npos ? accepted.size() : end + 1);
  }
  return false;
}

// As in the text, without quotes.
std::string value_of(const Message& message, const FieldDescriptor& field, int index) {
  std::string value;
  TextFormat::PrintFieldValueToString(message, &field, index, &value);
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING && value.size() >= 2) value = value.substr(1, value.size() - 2);
  return value;
}

struct Field {
  const Message& parent;
  const FieldDescriptor& descriptor;
  std::string name;  // "instance_group.count"
  std::string path;  // "instance_group[1].count"
};

Status check_readable(const ConfigText& text, const Field& field, int index) {
  const google::protobuf::Reflection& reflection = *field.parent.GetReflection();
  const FieldDescriptor* type = &field.descriptor;
  if (type->cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
    const int number =
        index < 0 ? reflection.GetEnumValue(field.parent, type) : reflection.GetRepeatedEnumValue(field.parent, type, index);
    if (type->enum_type()->FindValueByNumber(number) == nullptr)
      return text.refusal(field.path, "is " + std::to_string(number) + ", which is none of its values");
  }
  if (type->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
    const std::string value =
        index < 0 ? reflection.GetString(field.parent, type) : reflection.GetRepeatedString(field.parent, type, index);
    if (!utf32_of(value)) return text.refusal(field.path, "is not valid UTF-8");
  }
  return {};
}

Status check_fields(const ConfigText& text, const Message& message, const std::string& name, const std::string& path);

Status check_one(const ConfigText& text, const Field& field, int index) {
  const FieldRule* rule = rule_for(field.name);
  const bool message = field.descriptor.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
  // A message that is there and empty says something when it is a choice or an entry of a list.
  const bool says_something = !message || field.descriptor.is_repeated() || field.descriptor.containing_oneof() != nullptr;
  if (rule != nullptr && says_something) {
    const std::string value = message ? "" : value_of(field.parent, field.descriptor, index);
    if (!accepts(rule->accepted, value)) {
      const std::string shown = message || rule->accepted.empty() ? "" : " as '" + value + "'";
      return text.not_done(field.path, "is not supported" + shown + ": " + std::string(rule->remedy));
    }
  }
  if (!message) return check_readable(text, field, index);
  const google::protobuf::Reflection& reflection = *field.parent.GetReflection();
  return check_fields(text,
                      index < 0 ? reflection.GetMessage(field.parent, &field.descriptor)
                                : reflection.GetRepeatedMessage(field.parent, &field.descriptor, index),
                      field.name + '.', field.path + '.');
}

Status check_fields(const ConfigText& text, const Message& message, const std::string& name, const std::string& path) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const int count = field->is_repeated() ? message.GetReflection()->FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      const std::string index = field->is_repeated() ? '[' + std::to_string(i) + ']' : "";
      const Field one{message, *field, name + field->name(), path + field->name() + index};
      if (Status checked = check_one(text, one, field->is_repeated() ? i : -1); !checked) return checked;
    }
  }
  return {};
}

}  // namespace

const FieldRule* rule_for(std::string_view field) {
  while (true) {
    const auto found = std::find_if(rules.begin(), rules.end(), [&](const FieldRule& rule) { return rule.field == field; });
    if (found != rules.end()) return &*found;
    const std::size_t dot = field.rfind('.');
    if (dot == std::string_view::npos) return nullptr;
    field = field.substr(0, dot);
  }
}

Status check_supported(const ConfigText& text) {
  return check_fields(text, text.message(), "", "");
}

}  // namespace staronnx
