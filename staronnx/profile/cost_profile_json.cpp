#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "staronnx/base/read_file.h"
#include "staronnx/profile/cost_profile.h"

namespace staronnx {
namespace {

using Json = nlohmann::ordered_json;

constexpr int format_version = 1;

// Thrown and caught in this file only.
struct Refused {
  std::string message;
};

// ---- writing ----

Json json_of(const std::vector<Microseconds>& times) {
  Json counts = Json::array();
  for (Microseconds time : times) counts.push_back(time.count());
  return counts;
}

Json json_of(const std::map<std::string, TensorInfo>& tensors) {
  Json object = Json::object();
  for (const auto& [name, info] : tensors) object[name] = {{"type", to_string(info.type)}, {"shape", info.shape}};
  return object;
}

// ---- reading ----

const Json::array_t& elements_of(const Json& list, const std::string& name) {
  if (!list.is_array()) throw Refused{"'" + name + "' is no array"};
  return list.get_ref<const Json::array_t&>();
}

// The JSON library would take 1e30 and 1.5 for integers, too.
template <class Number>
std::vector<Number> counts_from(const Json& list, const std::string& name) {
  std::vector<Number> counts;
  for (const Json& value : elements_of(list, name)) {
    if (!value.is_number_unsigned() || !std::in_range<Number>(value.get<std::uint64_t>()))
      throw Refused{"'" + name + "' has " + value.dump() + " where a whole number should be"};
    counts.push_back(value.get<Number>());
  }
  return counts;
}

std::vector<Shape> shapes_from(const Json& list) {
  std::vector<Shape> shapes;
  for (const Json& shape : elements_of(list, "shapes")) shapes.push_back(counts_from<std::int64_t>(shape, "shapes"));
  return shapes;
}

std::vector<Microseconds> times_from(const Json& list, const std::string& name) {
  std::vector<Microseconds> times;
  for (const Json& value : elements_of(list, name)) {
    const double time = value.get<double>();
    if (!std::isfinite(time) || time < 0) throw Refused{"'" + name + "' has a time that is negative or not finite"};
    times.emplace_back(time);
  }
  return times;
}

std::vector<std::vector<Microseconds>> rows_from(const Json& list) {
  std::vector<std::vector<Microseconds>> rows;
  for (const Json& row : elements_of(list, "node_time_us")) rows.push_back(times_from(row, "node_time_us"));
  return rows;
}

DataType type_from(const std::string& name) {
  if (const std::optional<DataType> type = data_type_named(name)) return *type;
  throw Refused{"'tensors' has the unknown type '" + name + "'"};
}

std::map<std::string, TensorInfo> tensors_from(const Json& object) {
  std::map<std::string, TensorInfo> tensors;
  for (const auto& [name, value] : object.items()) {
    TensorInfo info;
    info.name = name;
    info.type = type_from(value.at("type").get<std::string>());
    info.shape = counts_from<std::int64_t>(value.at("shape"), name);
    info.dimension_names.resize(info.shape.size());
    if (!element_count(info.shape)) throw Refused{"'tensors' has an impossible shape for '" + name + "'"};
    tensors.emplace(name, std::move(info));
  }
  return tensors;
}

void check_consistent(const CostProfile& profile) {
  const std::size_t widths = profile.widths.size();
  if (widths == 0 || profile.whole.size() != widths || profile.node_time.size() != widths) {
    throw Refused{"'widths', 'whole_us' and 'node_time_us' do not have the same number of entries, at least one"};
  }
  for (const std::vector<Microseconds>& row : profile.node_time) {
    if (row.size() != profile.node_time[0].size()) throw Refused{"the rows of 'node_time_us' are not equally long"};
  }
  for (std::size_t i = 0; i < widths; ++i) {
    if (profile.widths[i] < 1 || (i > 0 && profile.widths[i] <= profile.widths[i - 1]))
      throw Refused{"'widths' do not ascend from 1"};
  }
}

CostProfile profile_from(const Json& json) {
  if (json.at("format") != format_version) throw Refused{"'format' is not " + std::to_string(format_version)};
  CostProfile profile;
  profile.model_hash = json.at("model_hash").get<std::string>();
  profile.machine_id = json.at("machine").get<std::string>();
  profile.engine = json.at("engine").get<std::string>();
  profile.shapes = shapes_from(json.at("shapes"));
  profile.widths = counts_from<int>(json.at("widths"), "widths");
  profile.node_time = rows_from(json.at("node_time_us"));
  profile.whole = times_from(json.at("whole_us"), "whole_us");
  profile.tensors = tensors_from(json.at("tensors"));
  check_consistent(profile);
  return profile;
}

}  // namespace

std::string to_json(const CostProfile& profile) {
  Json rows = Json::array();
  for (const std::vector<Microseconds>& row : profile.node_time) rows.push_back(json_of(row));
  const Json json = {{"format", format_version},           {"model_hash", profile.model_hash},
                     {"machine", profile.machine_id},      {"engine", profile.engine},
                     {"shapes", profile.shapes},           {"widths", profile.widths},
                     {"whole_us", json_of(profile.whole)}, {"node_time_us", rows},
                     {"tensors", json_of(profile.tensors)}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<CostProfile> parse_cost_profile(const std::string& text) {
  const std::string what = "the cost profile cannot be used: ";
  try {
    return profile_from(Json::parse(text));
  } catch (const Refused& refused) {
    return Error{ErrorCode::invalid_argument, what + refused.message};
  } catch (const Json::exception& exception) {
    return Error{ErrorCode::invalid_argument, what + exception.what()};
  }
}

Result<CostProfile> load_cost_profile(const std::filesystem::path& file) {
  const std::optional<std::string> text = read_file(file);
  if (!text) return Error{ErrorCode::not_found, "'" + file.string() + "' cannot be read"};
  Result<CostProfile> profile = parse_cost_profile(*text);
  if (!profile) return with_context("'" + file.string() + "'", profile.error());
  return profile;
}

}  // namespace staronnx
