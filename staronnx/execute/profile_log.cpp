#include "staronnx/execute/profile_log.h"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "staronnx/execute/quartile.h"

namespace staronnx {
namespace {

using nlohmann::json;

constexpr std::string_view kernel_suffix = "_kernel_time";

// One node, once. Microseconds since the session began.
struct Event {
  std::int64_t begin = 0;
  std::int64_t duration = 0;
  std::string node;
  const json* arguments = nullptr;
};

std::vector<Event> kernel_events(const json& log) {
  std::vector<Event> events;
  for (const json& entry : log) {
    const std::string& name = entry.at("name").get_ref<const std::string&>();
    if (entry.at("cat") != "Node" || !name.ends_with(kernel_suffix)) continue;
    events.push_back({entry.at("ts"), entry.at("dur"), name.substr(0, name.size() - kernel_suffix.size()), &entry.at("args")});
  }
  return events;
}

bool runs_bodies(const Event& event) {
  const std::string op = event.arguments->value("op_name", "");
  return op == "If" || op == "Loop" || op == "Scan";
}

// Leaves out what ran inside another event.
std::vector<Event> without_bodies(std::vector<Event> events) {
  std::stable_sort(events.begin(), events.end(), [](const Event& a, const Event& b) {
    return std::pair(a.begin, -a.duration) < std::pair(b.begin, -b.duration);
  });
  std::vector<Event> outer;
  std::int64_t bodies_end = 0;
  for (Event& event : events) {
    if (event.begin < bodies_end) continue;
    if (runs_bodies(event)) bodies_end = event.begin + event.duration;
    outer.push_back(std::move(event));
  }
  return outer;
}

DataType type_named(std::string_view name) {
  if (name == "float") return DataType::float32;
  if (name == "double") return DataType::float64;
  if (name == "bool") return DataType::boolean;
  return data_type_named(name).value_or(DataType::undefined);
}

// [{"float": [1, 64]}, {"int64": [1]}]
std::vector<TensorInfo> outputs_of(const Event& event) {
  std::vector<TensorInfo> outputs;
  for (const json& output : event.arguments->value("output_type_shape", json::array())) {
    for (const auto& [type, shape] : output.items()) {
      TensorInfo info;
      info.type = type_named(type);
      info.shape = shape.get<Shape>();
      info.dimension_names.resize(info.shape.size());
      outputs.push_back(std::move(info));
    }
  }
  return outputs;
}

std::map<std::string, NodeTiming> summed_up(const std::vector<Event>& events) {
  std::map<std::string, std::vector<Microseconds>> durations;
  std::map<std::string, NodeTiming> timings;
  for (const Event& event : events) {
    durations[event.node].emplace_back(static_cast<double>(event.duration));
    timings[event.node].outputs = outputs_of(event);
  }
  for (auto& [node, all] : durations) {
    if (all.size() > 1) all.erase(all.begin());
    timings[node].time = lower_quartile(std::move(all));
  }
  return timings;
}

}  // namespace

Result<std::map<std::string, NodeTiming>> parse_profile_log(const std::string& text) {
  try {
    const json log = json::parse(text);
    return summed_up(without_bodies(kernel_events(log)));
  } catch (const json::exception& exception) {
    return Error{ErrorCode::internal, std::string("ONNX Runtime's profile cannot be read: ") + exception.what()};
  }
}

}  // namespace staronnx
