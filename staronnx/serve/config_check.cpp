#include "staronnx/serve/config_check.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <set>
#include <vector>

#include "staronnx/serve/reshape.h"

namespace staronnx {
namespace {

constexpr std::string_view own_prefix = "staronnx.";
// That other servers hand on to ONNX Runtime.
constexpr std::array of_onnx_runtime{"intra_op_thread_count",
                                     "inter_op_thread_count",
                                     "execution_mode",
                                     "enable_mem_arena",
                                     "enable_mem_pattern",
                                     "enable_global_threadpool",
                                     "gpu_mem_limit",
                                     "arena_extend_strategy",
                                     "cudnn_conv_algo_search",
                                     "cudnn_conv_use_max_workspace",
                                     "do_copy_in_default_stream",
                                     "memory.enable_memory_arena_shrinkage"};
constexpr std::string_view own_keys = "staronnx.shapes, staronnx.share, staronnx.variant";

Error invalid(std::string message) {
  return {ErrorCode::invalid_argument, std::move(message)};
}

std::string item(std::string_view list, int index) {
  return std::string(list) + '[' + std::to_string(index) + ']';
}

template <class Dims>
Status check_dims(const ConfigText& text, const std::string& path, const Dims& dims) {
  for (int i = 0; i < dims.size(); ++i) {
    if (dims[i] == -1 || dims[i] > 0) continue;
    return text.refusal(item(path, i),
                        "is " + std::to_string(dims[i]) + "; write a size of at least 1, or -1 where any size may come");
  }
  return {};
}

template <class Tensor>
Status check_tensor(const ConfigText& text, const std::string& path, const Tensor& tensor) {
  if (tensor.name().empty()) return text.refusal(path, "has no name; write that of the model's tensor");
  if (Status checked = check_dims(text, path + ".dims", tensor.dims()); !checked) return checked;
  if (!tensor.has_reshape()) return {};
  if (tensor.dims().empty()) return text.refusal(path + ".reshape", "needs dims, which it is a reshape of");
  if (Status checked = check_dims(text, path + ".reshape.shape", tensor.reshape().shape()); !checked) return checked;
  const auto& wanted = tensor.reshape().shape();
  if (Status fits = check_reshape(Shape(tensor.dims().begin(), tensor.dims().end()), Shape(wanted.begin(), wanted.end())); !fits)
    return text.refusal(path + ".reshape", fits.error().message);
  return {};
}

template <class Tensors>
Status check_tensors(const ConfigText& text, std::string_view list, const Tensors& tensors) {
  std::set<std::string> names;
  for (int i = 0; i < tensors.size(); ++i) {
    const std::string path = item(list, i);
    if (Status checked = check_tensor(text, path, tensors[i]); !checked) return checked;
    if (!names.insert(tensors[i].name()).second)
      return text.refusal(path + ".name", "is '" + tensors[i].name() + "', as is that of one before it");
  }
  return {};
}

Status check_inputs(const ConfigText& text) {
  const inference::ModelConfig& config = text.message();
  if (Status checked = check_tensors(text, "input", config.input()); !checked) return checked;
  for (int i = 0; i < config.input_size(); ++i) {
    const inference::ModelInput& input = config.input(i);
    if (input.format() != inference::ModelInput::FORMAT_NONE && input.dims_size() != 3)
      return text.refusal(item("input", i) + ".format", "is for images; write three dims, or FORMAT_NONE");
  }
  return {};
}

Status check_outputs(const ConfigText& text) {
  const inference::ModelConfig& config = text.message();
  if (Status checked = check_tensors(text, "output", config.output()); !checked) return checked;
  for (int i = 0; i < config.output_size(); ++i) {
    const std::string& labels = config.output(i).label_filename();
    if (!labels.empty() && !names_file(labels))
      return text.refusal(item("output", i) + ".label_filename",
                          "is '" + labels + "'; write the name of a file in the model's folder");
  }
  return {};
}

Status check_version_policy(const ConfigText& text) {
  const inference::ModelVersionPolicy& policy = text.message().version_policy();
  if (policy.has_latest() && policy.latest().num_versions() == 0)
    return text.refusal("version_policy.latest", "serves no version; write num_versions of at least 1");
  if (!policy.has_specific()) return {};
  const auto& versions = policy.specific().versions();
  if (versions.empty()) return text.refusal("version_policy.specific", "names no versions; write at least one");
  for (int i = 0; i < versions.size(); ++i) {
    if (versions[i] < 1)
      return text.refusal(item("version_policy.specific.versions", i),
                          "is " + std::to_string(versions[i]) + "; versions begin with 1");
  }
  return {};
}

// Whoever is let overtake must not have to wait for those whom it overtook.
Status check_order(const ConfigText& text, const inference::ModelDynamicBatching& batching) {
  const auto delays = [](const inference::ModelQueuePolicy& policy) {
    return policy.timeout_action() == inference::ModelQueuePolicy::DELAY;
  };
  const bool any_delays =
      delays(batching.default_queue_policy()) ||
      std::ranges::any_of(batching.priority_queue_policy(), [&](const auto& own) { return delays(own.second); });
  if (!batching.preserve_ordering() || (batching.priority_levels() <= 1 && !any_delays)) return {};
  return text.refusal("dynamic_batching.preserve_ordering",
                      "does not go with " + std::string(any_delays ? "timeout_action DELAY" : "priority_levels") +
                          "; remove the one or the other");
}

Status check_dynamic_batching(const ConfigText& text) {
  const inference::ModelDynamicBatching& batching = text.message().dynamic_batching();
  const std::string levels = std::to_string(batching.priority_levels());
  if (batching.default_priority_level() > batching.priority_levels())
    return text.refusal("dynamic_batching.default_priority_level",
                        "is " + std::to_string(batching.default_priority_level()) + ", but priority_levels is " + levels);
  if (batching.priority_levels() > 0 && batching.default_priority_level() == 0)
    return text.refusal("dynamic_batching.priority_levels",
                        "is " + levels + "; say default_priority_level, too, from 1 to " + levels);
  for (const auto& [level, policy] : batching.priority_queue_policy()) {
    if (level == 0 || level > batching.priority_levels())
      return text.refusal("dynamic_batching.priority_queue_policy",
                          "has a policy for level " + std::to_string(level) + ", but priority_levels is " + levels);
  }
  for (int i = 0; i < batching.preferred_batch_size_size(); ++i) {
    const std::int32_t size = batching.preferred_batch_size(i), most = text.message().max_batch_size();
    if (size > 0 && (most == 0 || size <= most)) continue;
    return text.refusal(item("dynamic_batching.preferred_batch_size", i),
                        "is " + std::to_string(size) + "; write a size of at least 1" +
                            (most > 0 ? ", and at most max_batch_size, which is " + std::to_string(most) : ""));
  }
  return check_order(text, batching);
}

// That metrics have of themselves (metrics.cpp).
constexpr std::array<std::string_view, 7> own_labels{"model", "version", "reason", "variant", "segment", "processor", "gpu_uuid"};

bool is_label_name(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !name.empty() && letter(name[0]) && !name.starts_with("__") && std::ranges::find(own_labels, name) == own_labels.end() &&
         std::ranges::all_of(name, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

Status check_metric_tags(const ConfigText& text) {
  for (const auto& [name, value] : text.message().metric_tags()) {
    if (!is_label_name(name))
      return text.refusal("metric_tags", "has the key '" + name +
                                             "', which cannot be a label of metrics; write letters, digits and '_', not a "
                                             "label that they have already, such as 'model'");
  }
  return {};
}

Status check_warmup_input(const ConfigText& text, const std::string& path, const std::string& name,
                          const inference::ModelWarmup::Input& input) {
  const std::string its = "has an input '" + name + "' ";
  if (input.data_type() == inference::TYPE_INVALID || !inference::DataType_IsValid(input.data_type()))
    return text.refusal(path, its + "without a data_type");
  if (std::ranges::any_of(input.dims(), [](std::int64_t size) { return size < 0; }))
    return text.refusal(path, its + "with a dimension below 0; write sizes");
  if (input.input_data_type_case() == inference::ModelWarmup::Input::INPUT_DATA_TYPE_NOT_SET)
    return text.refusal(path, its + "without data; write zero_data: true, random_data: true or input_data_file");
  if (input.has_input_data_file() && !names_file(input.input_data_file()))
    return text.refusal(
        path, its + "with the file '" + input.input_data_file() + "'; write the name of a file in the model's folder warmup");
  return {};
}

Status check_warmup(const ConfigText& text) {
  const inference::ModelConfig& config = text.message();
  for (int i = 0; i < config.model_warmup_size(); ++i) {
    const inference::ModelWarmup& sample = config.model_warmup(i);
    const std::string path = item("model_warmup", i);
    if (sample.inputs().empty()) return text.refusal(path, "has no inputs; write those of a request");
    if (sample.batch_size() > static_cast<std::uint32_t>(config.max_batch_size()))
      return text.refusal(path + ".batch_size", "is " + std::to_string(sample.batch_size()) + ", but max_batch_size is " +
                                                    std::to_string(config.max_batch_size()));
    if (config.max_batch_size() > 0 && sample.batch_size() == 0)
      return text.refusal(path, "has no batch_size; write one from 1 to max_batch_size");
    for (const auto& [name, input] : sample.inputs()) {
      if (Status checked = check_warmup_input(text, path, name, input); !checked) return checked;
    }
  }
  return {};
}

Result<ShapesByName> shapes_of(std::string_view value) {
  ShapesByName shapes;
  while (!value.empty()) {
    const std::size_t end = std::min(value.find(' '), value.size());
    if (end > 0) {
      Result<std::pair<std::string, Shape>> shape = parse_shape(value.substr(0, end));
      if (!shape) return shape.error();
      shapes.insert(*std::move(shape));
    }
    value.remove_prefix(std::min(end + 1, value.size()));
  }
  return shapes;
}

Result<double> share_of(std::string_view value) {
  double share = 0;
  const auto [end, problem] = std::from_chars(value.data(), value.data() + value.size(), share);
  if (problem != std::errc() || end != value.data() + value.size() || !(share > 0) || !std::isfinite(share))
    return invalid("'" + std::string(value) + "' is not a share; write a number above 0, such as 2");
  return share;
}

Status read_own(std::string_view key, const std::string& value, OwnParameters& own) {
  if (key == "staronnx.shapes") {
    Result<ShapesByName> shapes = shapes_of(value);
    if (!shapes) return shapes.error();
    own.shapes = *std::move(shapes);
  } else if (key == "staronnx.share") {
    Result<double> share = share_of(value);
    if (!share) return share.error();
    own.share = *share;
  } else if (key == "staronnx.variant") {
    own.variant = value;
  } else {
    return invalid("is no parameter of StarONNX's; they are: " + std::string(own_keys));
  }
  return {};
}

}  // namespace

bool names_file(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string_view::npos &&
         name.find('\0') == std::string_view::npos;
}

Result<OwnParameters> own_parameters(const inference::ModelConfig& config) {
  OwnParameters own;
  for (const auto& [key, parameter] : config.parameters()) {
    if (std::ranges::find(of_onnx_runtime, key) != of_onnx_runtime.end())
      return Error{ErrorCode::unsupported,
                   "'" + key + "' is not supported: StarONNX sets up ONNX Runtime itself and measures it; remove it"};
    if (!key.starts_with(own_prefix)) continue;
    if (Status read = read_own(key, parameter.string_value(), own); !read) return with_context("'" + key + "'", read.error());
  }
  return own;
}

Status check_values(const ConfigText& text) {
  const inference::ModelConfig& config = text.message();
  if (config.max_batch_size() < 0)
    return text.refusal("max_batch_size",
                        "is " + std::to_string(config.max_batch_size()) + "; write 0 for models without batches");
  if (!config.default_model_filename().empty() && !names_file(config.default_model_filename()))
    return text.refusal("default_model_filename",
                        "is '" + config.default_model_filename() + "'; write the name of a file in the version's folder");
  for (const auto check :
       {check_inputs, check_outputs, check_version_policy, check_dynamic_batching, check_metric_tags, check_warmup}) {
    if (Status checked = check(text); !checked) return checked;
  }
  if (Result<OwnParameters> own = own_parameters(config); !own)
    return Error{own.error().code, text.refusal("parameters", own.error().message).message};
  return {};
}

}  // namespace staronnx
