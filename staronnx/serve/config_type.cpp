#include "staronnx/serve/config_type.h"

#include <string>

#include "staronnx/serve/datatype_name.h"

namespace staronnx {
namespace {

constexpr std::string_view prefix = "TYPE_";
constexpr std::string_view strings = "STRING";  // BYTES elsewhere

}  // namespace

inference::DataType config_type_of(DataType type) {
  const std::string_view name = type == DataType::string ? strings : datatype_name(type);
  inference::DataType found = inference::TYPE_INVALID;
  if (!name.empty()) inference::DataType_Parse(std::string(prefix) + std::string(name), &found);
  return found;
}

DataType type_of_config(inference::DataType type) {
  const std::string_view name = std::string_view(inference::DataType_Name(type)).substr(prefix.size());
  return name == strings ? DataType::string : datatype_of(name).value_or(DataType::undefined);
}

}  // namespace staronnx
