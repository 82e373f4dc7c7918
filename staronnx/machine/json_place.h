// A value in a JSON document together with the way to it, so that a refusal can name it; private to this room.
//
//   const std::uint64_t bytes = place.at("gpus").items()[1].at("memory_bytes").count(1);
//   // throws JsonRefused{"gpus[1].memory_bytes must be a whole number of at least 1, not -5"}
//
// Refusals are thrown, to be caught in the file that reads the document.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace staronnx {

struct JsonRefused {
  std::string message;
};

class JsonPlace {
 public:
  using Json = nlohmann::ordered_json;

  // The whole document, which must outlive what is read from it.
  explicit JsonPlace(const Json& json) : json_(&json) {}

  const std::string& path() const { return path_; }  // "gpus[1].memory_bytes"; empty for the document

  // An object that has no fields but these.
  void has_only(std::initializer_list<std::string_view> fields) const;
  JsonPlace at(std::string_view field) const;                   // an object's field, which must be there
  std::optional<JsonPlace> find(std::string_view field) const;  // an object's field, if it is there

  std::vector<JsonPlace> items() const;  // of an array
  std::string text() const;              // not empty
  // A whole number in this range.
  std::uint64_t count(std::uint64_t least, std::uint64_t most = UINT64_MAX) const;
  double number() const;  // at least 0, finite
  double positive() const;

  // Refuses this value: "<path> <why>".
  [[noreturn]] void refuse(const std::string& why) const;

 private:
  JsonPlace(const Json& json, std::string path) : json_(&json), path_(std::move(path)) {}
  JsonPlace child(const Json& json, std::string_view field) const;
  std::string shown() const;

  const Json* json_;
  std::string path_;
};

// Parses text. Refuses what is no JSON, and a field that an object has twice.
nlohmann::ordered_json parse_json(const std::string& text);

}  // namespace staronnx
