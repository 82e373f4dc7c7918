// Errors of the JSON library then say where in the document they arose.
#define JSON_DIAGNOSTICS 1
#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "staronnx/base/read_file.h"
#include "staronnx/plan/plan.h"

namespace staronnx {
namespace {

using Json = nlohmann::ordered_json;
constexpr const char* format_name = "staronnx-plan";
constexpr int format_version = 4;

// Thrown and caught in this file only.
struct Refused {
  std::string message;
};

// ---- writing ----

Json json_of(const TensorInfo& info) {
  return {{"name", info.name},
          {"type", to_string(info.type)},
          {"shape", info.any_shape ? Json() : Json(info.shape)},  // null: not even the rank is known
          {"dimension_names", info.dimension_names},
          {"optional", info.optional}};
}

Json json_of(const std::vector<TensorInfo>& infos) {
  Json list = Json::array();
  for (const TensorInfo& info : infos) list.push_back(json_of(info));
  return list;
}

Json json_of(const std::map<int, Microseconds>& time_by_width) {
  Json time = Json::object();
  for (const auto& [width, microseconds] : time_by_width) time[std::to_string(width)] = microseconds.count();
  return time;
}

Json json_of(const CpuTimes& times) {
  Json json = {{"alone_us", json_of(times.alone)}, {"busy_us", json_of(times.busy)}};
  for (const auto& [width, variation] : times.variation) json["variation"][std::to_string(width)] = variation;
  return json;
}

Json json_of(const Segment& segment) {
  Json batched = Json::object();
  for (const auto& [batch, times] : segment.batched) batched[std::to_string(batch)] = json_of(times);
  return {{"file", segment.file},
          {"nodes", segment.nodes},
          {"inputs", segment.inputs},
          {"outputs", segment.outputs},
          {"processors", segment.processors},
          {"cpu_time", json_of(segment.cpu_time)},
          {"batched", batched},
          {"provider", to_string(segment.provider)},
          {"other_provider_time", json_of(segment.other_provider_time)},
          {"provider_note", segment.provider_note}};
}

Json json_of(const Variant& variant) {
  Json segments = Json::array();
  for (const Segment& segment : variant.segments) segments.push_back(json_of(segment));
  return {{"name", variant.name},
          {"shares", variant.shares},
          {"work", variant.work},
          {"cut_bytes", variant.cut.count},
          {"segments", segments},
          {"node_segment", variant.node_segment},
          {"method", variant.method},
          {"period_over_bound", variant.period_over_bound},
          {"cuts_measured", variant.cuts_measured}};
}

Json json_of(const RateBound& bound) {
  Json mix = Json::array();
  for (const MixPart& part : bound.mix) {
    mix.push_back(
        {{"variant", part.variant}, {"processors", part.processors}, {"batch", part.batch}, {"rate_per_s", part.rate_per_s}});
  }
  return {{"rate_per_s", bound.rate_per_s}, {"mix", mix}};
}

Json json_of(const Forecast& forecast) {
  Json points = Json::array();
  for (const RatePoint& point : forecast.points) {
    points.push_back({{"rate_per_s", point.rate_per_s}, {"p50_ms", point.p50.count()}, {"p99_ms", point.p99.count()}});
  }
  return {{"variant", forecast.variant},
          {"core_groups", forecast.core_groups},
          {"lone_ms", forecast.lone.count()},
          {"saturated_per_s", forecast.saturated_per_s},
          {"threshold_per_s", forecast.threshold_per_s},
          {"points", points}};
}

Json json_of(const Prediction& prediction) {
  Json forecasts = Json::array();
  for (const Forecast& forecast : prediction.forecasts) forecasts.push_back(json_of(forecast));
  return {{"slo_ms", prediction.slo.count()},
          {"bound", json_of(prediction.bound)},
          {"bound_within_slo", json_of(prediction.bound_within_slo)},
          {"forecasts", forecasts},
          {"estimates", prediction.estimates}};
}

Json json_of(const PlanNode& node) {
  return {{"label", node.label}, {"time_us", node.time.count()}, {"reads", node.reads}};
}

// ---- reading ----

const Json& field(const Json& object, const char* name) {
  return object.at(name);
}

std::string text(const Json& object, const char* name) {
  return field(object, name).get<std::string>();
}

std::size_t count(const Json& value, const std::string& what) {
  if (!value.is_number_unsigned()) throw Refused{what + " is not a whole number of at least 0"};
  return value.get<std::size_t>();
}

double finite(const Json& value, const std::string& what) {
  const double number = value.get<double>();
  if (!std::isfinite(number) || number < 0) throw Refused{what + " is negative or not finite"};
  return number;
}

int whole_number(const Json& value, const std::string& what) {
  const std::size_t number = count(value, what);
  if (number < 1 || number > 1'000'000) throw Refused{what + " is not a number from 1 to 1000000"};
  return static_cast<int>(number);
}

std::vector<std::size_t> counts(const Json& list, const std::string& what) {
  std::vector<std::size_t> values;
  for (const Json& value : list.get_ref<const Json::array_t&>()) values.push_back(count(value, what));
  return values;
}

std::vector<double> numbers(const Json& list, const std::string& what) {
  std::vector<double> values;
  for (const Json& value : list.get_ref<const Json::array_t&>()) values.push_back(finite(value, what));
  return values;
}

DataType data_type_of(const std::string& name) {
  if (const std::optional<DataType> type = data_type_named(name)) return *type;
  throw Refused{"'" + name + "' is not a tensor type"};
}

Shape shape_of(const Json& list) {
  Shape shape;
  for (const Json& value : list.get_ref<const Json::array_t&>()) {
    const bool is_too_large = value.is_number_unsigned() && value.get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max();
    if (!value.is_number_integer() || is_too_large || value.get<std::int64_t>() < -1)
      throw Refused{"a shape has the dimension " + value.dump()};
    shape.push_back(value.get<std::int64_t>());
  }
  return shape;
}

TensorInfo tensor_info_of(const Json& json) {
  TensorInfo info;
  info.name = text(json, "name");
  info.type = data_type_of(text(json, "type"));
  info.any_shape = field(json, "shape").is_null();
  if (!info.any_shape) info.shape = shape_of(field(json, "shape"));
  info.dimension_names = field(json, "dimension_names").get<std::vector<std::string>>();
  info.optional = field(json, "optional").get<bool>();
  if (info.dimension_names.size() != info.shape.size())
    throw Refused{"tensor '" + info.name + "': shape and dimension_names differ"};
  return info;
}

std::vector<TensorInfo> tensor_infos_of(const Json& list) {
  std::vector<TensorInfo> infos;
  for (const Json& json : list.get_ref<const Json::array_t&>()) infos.push_back(tensor_info_of(json));
  return infos;
}

// The name of a field, which is a number of at least 1.
int number_of(const std::string& name, const std::string& what) {
  if (name.empty() || name.size() > 6 || name.find_first_not_of("0123456789") != std::string::npos || std::stoi(name) < 1) {
    throw Refused{what + " '" + name + "' is not a number of at least 1"};
  }
  return std::stoi(name);
}

std::map<int, Microseconds> times_of(const Json& json, const char* name, const std::string& who) {
  std::map<int, Microseconds> times;
  for (const auto& [width, time] : field(json, name).items()) {
    const std::string what = who + ", " + name + " of width";
    times[number_of(width, what)] = Microseconds(finite(time, what));
  }
  return times;
}

// Plans of earlier programs have none.
std::map<int, Variation> variations_of(const Json& json, const std::string& who) {
  std::map<int, Variation> variations;
  if (!json.contains("variation")) return variations;
  for (const auto& [width, quantiles] : json["variation"].items()) {
    const std::string what = who + ", variation of width";
    const std::vector<double> given = numbers(quantiles, what + " " + width);
    Variation& variation = variations[number_of(width, what)];
    if (given.size() != variation.size() || !std::ranges::is_sorted(given))
      throw Refused{what + " " + width + " is not " + std::to_string(variation.size()) + " ascending numbers"};
    std::ranges::copy(given, variation.begin());
  }
  return variations;
}

CpuTimes cpu_times_of(const Json& json, const std::string& who) {
  return {times_of(json, "alone_us", who), times_of(json, "busy_us", who), variations_of(json, who)};
}

Provider provider_of(const std::string& name, const std::string& who) {
  if (const std::optional<Provider> provider = provider_named(name)) return *provider;
  throw Refused{who + ": the provider '" + name + "' is neither cpu nor openvino; plan the model again"};
}

Segment segment_of(const Json& json) {
  Segment segment;
  segment.file = text(json, "file");
  segment.nodes = count(field(json, "nodes"), "nodes");
  segment.inputs = field(json, "inputs").get<std::vector<std::string>>();
  segment.outputs = field(json, "outputs").get<std::vector<std::string>>();
  segment.processors = field(json, "processors").get<std::vector<std::string>>();
  const std::string who = "segment '" + segment.file + "'";
  segment.cpu_time = cpu_times_of(field(json, "cpu_time"), who);
  for (const auto& [batch, times] : field(json, "batched").items()) {
    const int requests = number_of(batch, who + ", batch");
    segment.batched[requests] = cpu_times_of(times, who + ", batch " + batch);
  }
  segment.provider = provider_of(text(json, "provider"), who);
  segment.other_provider_time = cpu_times_of(field(json, "other_provider_time"), who);
  segment.provider_note = text(json, "provider_note");
  return segment;
}

Variant variant_of(const Json& json) {
  Variant variant;
  variant.name = text(json, "name");
  variant.shares = numbers(field(json, "shares"), "shares");
  variant.work = numbers(field(json, "work"), "work");
  variant.cut = Bytes{count(field(json, "cut_bytes"), "cut_bytes")};
  for (const Json& segment : field(json, "segments").get_ref<const Json::array_t&>())
    variant.segments.push_back(segment_of(segment));
  variant.node_segment = counts(field(json, "node_segment"), "node_segment");
  variant.method = text(json, "method");
  variant.period_over_bound = finite(field(json, "period_over_bound"), "period_over_bound");
  variant.cuts_measured = count(field(json, "cuts_measured"), "cuts_measured");
  return variant;
}

RateBound bound_of(const Json& json) {
  RateBound bound{finite(field(json, "rate_per_s"), "rate_per_s"), {}};
  for (const Json& part : field(json, "mix").get_ref<const Json::array_t&>()) {
    bound.mix.push_back({text(part, "variant"), field(part, "processors").get<std::vector<std::string>>(),
                         whole_number(field(part, "batch"), "batch"), finite(field(part, "rate_per_s"), "rate_per_s")});
  }
  return bound;
}

Milliseconds milliseconds(const Json& json, const char* name) {
  return Milliseconds(finite(field(json, name), name));
}

Forecast forecast_of(const Json& json) {
  Forecast forecast{text(json, "variant"),
                    text(json, "core_groups"),
                    milliseconds(json, "lone_ms"),
                    finite(field(json, "saturated_per_s"), "saturated_per_s"),
                    finite(field(json, "threshold_per_s"), "threshold_per_s"),
                    {}};
  for (const Json& point : field(json, "points").get_ref<const Json::array_t&>()) {
    forecast.points.push_back(
        {finite(field(point, "rate_per_s"), "rate_per_s"), milliseconds(point, "p50_ms"), milliseconds(point, "p99_ms")});
  }
  return forecast;
}

Prediction prediction_of(const Json& json) {
  Prediction prediction{milliseconds(json, "slo_ms"),
                        bound_of(field(json, "bound")),
                        bound_of(field(json, "bound_within_slo")),
                        {},
                        field(json, "estimates").get<std::vector<std::string>>()};
  for (const Json& forecast : field(json, "forecasts").get_ref<const Json::array_t&>())
    prediction.forecasts.push_back(forecast_of(forecast));
  return prediction;
}

PlanNode node_of(const Json& json) {
  return {text(json, "label"), Microseconds(finite(field(json, "time_us"), "time_us")), counts(field(json, "reads"), "reads")};
}

void refuse_unless(bool right, const std::string& message) {
  if (!right) throw Refused{message};
}

// The message is put together only when it is needed.
void refuse_unless(bool right, std::initializer_list<std::string_view> message) {
  if (right) return;
  std::string text;
  for (const std::string_view part : message) text += part;
  throw Refused{text};
}

// Every segment reads what the request or an earlier segment gives, and together they give the model's outputs.
void check_flow(const Plan& plan, const Variant& variant) {
  std::set<std::string> available;
  for (const TensorInfo& input : plan.signature.inputs) available.insert(input.name);
  for (const Segment& segment : variant.segments) {
    const std::string who = "variant '" + variant.name + "', segment '" + segment.file + "'";
    for (const std::string& input : segment.inputs) {
      refuse_unless(available.contains(input), {who, " reads '", input, "', which nothing before it gives"});
      refuse_unless(plan.tensors.contains(input), {who, ": tensor '", input, "' is not in 'tensors'"});
    }
    for (const std::string& output : segment.outputs) {
      refuse_unless(plan.tensors.contains(output), {who, ": tensor '", output, "' is not in 'tensors'"});
      refuse_unless(available.insert(output).second, {who, " writes '", output, "' a second time"});
    }
  }
  for (const TensorInfo& output : plan.signature.outputs) {
    refuse_unless(available.contains(output.name), "variant '" + variant.name + "' does not give output '" + output.name + "'");
  }
}

void check_variant(const Plan& plan, const Variant& variant) {
  const std::string who = "variant '" + variant.name + "'";
  const std::size_t k = variant.segments.size();
  refuse_unless(k > 0, who + " has no segments");
  refuse_unless(variant.shares.size() == k && variant.work.size() == k, who + ": shares and work must have a number per segment");
  refuse_unless(variant.node_segment.size() == plan.nodes.size(), who + ": node_segment must have a number per node");
  for (std::size_t segment : variant.node_segment)
    refuse_unless(segment < k, who + ": node_segment names a segment that is not there");
  for (const Segment& segment : variant.segments) {
    const std::filesystem::path file = segment.file;
    refuse_unless(!segment.file.empty() && file.filename() == file && segment.file != "..",
                  who + ": '" + segment.file + "' is not a file of the plan's directory");
  }
  check_flow(plan, variant);
}

void check_plan(const Plan& plan) {
  refuse_unless(plan.shapes.size() == plan.signature.inputs.size(), "'shapes' must have one shape per input");
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    for (std::size_t read : plan.nodes[i].reads)
      refuse_unless(read < i, "node '" + plan.nodes[i].label + "' reads a node that is not before it");
  }
  refuse_unless(!plan.variants.empty() && plan.variants[0].name == "whole" && plan.variants[0].segments.size() == 1,
                "the first variant must be 'whole', with one segment");
  std::set<std::string> names;
  for (const Variant& variant : plan.variants) {
    refuse_unless(names.insert(variant.name).second, "two variants are named '" + variant.name + "'");
    check_variant(plan, variant);
  }
}

Plan plan_of(const Json& json) {
  if (text(json, "format") != format_name) throw Refused{"this is not a StarONNX plan"};
  if (field(json, "version") != format_version) {
    throw Refused{"the plan has format version " + field(json, "version").dump() + ", this program reads version " +
                  std::to_string(format_version) + "; plan the model again"};
  }
  Plan plan;
  plan.model = text(json, "model");
  plan.model_hash = text(json, "model_hash");
  plan.machine = text(json, "machine");
  plan.engine = text(json, "engine");
  plan.signature.inputs = tensor_infos_of(field(json, "inputs"));
  plan.signature.outputs = tensor_infos_of(field(json, "outputs"));
  for (const Json& shape : field(json, "shapes").get_ref<const Json::array_t&>()) plan.shapes.push_back(shape_of(shape));
  for (const Json& tensor : field(json, "tensors").get_ref<const Json::array_t&>()) {
    TensorInfo info = tensor_info_of(tensor);
    const std::string name = info.name;
    plan.tensors[name] = PlanTensor{std::move(info), Bytes{count(field(tensor, "bytes"), "bytes of '" + name + "'")}};
  }
  for (const Json& node : field(json, "nodes").get_ref<const Json::array_t&>()) plan.nodes.push_back(node_of(node));
  for (const Json& variant : field(json, "variants").get_ref<const Json::array_t&>())
    plan.variants.push_back(variant_of(variant));
  plan.prediction = prediction_of(field(json, "prediction"));
  check_plan(plan);
  return plan;
}

}  // namespace

std::string to_json(const Plan& plan) {
  Json tensors = Json::array();
  for (const auto& [name, tensor] : plan.tensors) {
    Json json = json_of(tensor.info);
    json["bytes"] = tensor.bytes.count;
    tensors.push_back(std::move(json));
  }
  Json nodes = Json::array();
  for (const PlanNode& node : plan.nodes) nodes.push_back(json_of(node));
  Json variants = Json::array();
  for (const Variant& variant : plan.variants) variants.push_back(json_of(variant));
  const Json json = {{"format", format_name},
                     {"version", format_version},
                     {"model", plan.model},
                     {"model_hash", plan.model_hash},
                     {"machine", plan.machine},
                     {"engine", plan.engine},
                     {"inputs", json_of(plan.signature.inputs)},
                     {"outputs", json_of(plan.signature.outputs)},
                     {"shapes", plan.shapes},
                     {"tensors", tensors},
                     {"nodes", nodes},
                     {"variants", variants},
                     {"prediction", json_of(plan.prediction)}};
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<Plan> parse_plan(const std::string& json) {
  try {
    return plan_of(Json::parse(json));
  } catch (const Refused& refused) {
    return Error{ErrorCode::invalid_argument, refused.message};
  } catch (const Json::exception& exception) {
    return Error{ErrorCode::invalid_argument, exception.what()};
  }
}

Result<Plan> load_plan(const std::filesystem::path& directory) {
  const std::filesystem::path file = directory / "plan.json";
  const std::optional<std::string> content = read_file(file);
  if (!content) {
    return Error{ErrorCode::not_found, "'" + file.string() + "' cannot be read; is '" + directory.string() +
                                           "' a plan? Make one with: staronnx plan MODEL.onnx -o DIRECTORY"};
  }
  Result<Plan> plan = parse_plan(*content);
  if (!plan) return with_context("'" + file.string() + "'", plan.error());
  return plan;
}

}  // namespace staronnx
