#include "staronnx/machine/json_place.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace staronnx {

void JsonPlace::refuse(const std::string& why) const {
  throw JsonRefused{(path_.empty() ? "the document" : path_) + " " + why};
}

JsonPlace JsonPlace::child(const Json& json, std::string_view field) const {
  return {json, (path_.empty() ? "" : path_ + ".") + std::string(field)};
}

// The value for a message: long ones by their kind.
std::string JsonPlace::shown() const {
  return json_->is_number() ? json_->dump() : std::string("a value of type ") + json_->type_name();
}

void JsonPlace::has_only(std::initializer_list<std::string_view> fields) const {
  if (!json_->is_object()) refuse("must be an object, not " + shown());
  for (const auto& [name, value] : json_->items()) {
    if (std::find(fields.begin(), fields.end(), name) != fields.end()) continue;
    std::string known;
    for (std::string_view field : fields) known += (known.empty() ? "" : ", ") + std::string(field);
    child(value, name).refuse("is not a field of the format; known here: " + known);
  }
}

std::optional<JsonPlace> JsonPlace::find(std::string_view field) const {
  if (!json_->is_object()) refuse("must be an object, not " + shown());
  const auto found = json_->find(std::string(field));
  if (found == json_->end()) return std::nullopt;
  return child(*found, field);
}

JsonPlace JsonPlace::at(std::string_view field) const {
  std::optional<JsonPlace> found = find(field);
  if (!found) child(*json_, field).refuse("is missing");
  return *std::move(found);
}

std::vector<JsonPlace> JsonPlace::items() const {
  if (!json_->is_array()) refuse("must be a list, not " + shown());
  std::vector<JsonPlace> items;
  for (const Json& item : *json_) items.push_back({item, path_ + "[" + std::to_string(items.size()) + "]"});
  return items;
}

std::string JsonPlace::text() const {
  if (!json_->is_string()) refuse("must be text, not " + shown());
  std::string text = json_->get<std::string>();
  if (text.empty()) refuse("must not be empty");
  return text;
}

std::uint64_t JsonPlace::count(std::uint64_t least, std::uint64_t most) const {
  const bool whole = json_->is_number_unsigned();
  if (!whole || json_->get<std::uint64_t>() < least || json_->get<std::uint64_t>() > most) {
    const std::string range = most == UINT64_MAX ? "of at least " + std::to_string(least)
                                                 : "from " + std::to_string(least) + " to " + std::to_string(most);
    refuse("must be a whole number " + range + ", not " + shown());
  }
  return json_->get<std::uint64_t>();
}

double JsonPlace::number() const {
  if (!json_->is_number() || !std::isfinite(json_->get<double>()) || json_->get<double>() < 0) {
    refuse("must be a number of at least 0, not " + shown());
  }
  return json_->get<double>();
}

double JsonPlace::positive() const {
  if (const double value = number(); value > 0) return value;
  refuse("must be above 0");
}

nlohmann::ordered_json parse_json(const std::string& text) {
  using Json = nlohmann::ordered_json;
  std::vector<std::set<std::string>> open;  // the fields seen so far of each object that is not closed yet
  const Json::parser_callback_t watch = [&](int, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) open.emplace_back();
    if (event == Json::parse_event_t::object_end) open.pop_back();
    if (event == Json::parse_event_t::key && !open.back().insert(parsed.get<std::string>()).second) {
      throw JsonRefused{"the field '" + parsed.get<std::string>() + "' is given twice in one object"};
    }
    return true;
  };
  try {
    return Json::parse(text, watch);
  } catch (const Json::exception& exception) {
    throw JsonRefused{std::string("this is no JSON: ") + exception.what()};
  }
}

}  // namespace staronnx
