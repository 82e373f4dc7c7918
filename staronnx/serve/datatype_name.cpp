#include "staronnx/serve/datatype_name.h"

#include <algorithm>
#include <array>
#include <utility>

namespace staronnx {
namespace {

constexpr std::array<std::pair<DataType, std::string_view>, 14> kNames{{
    {DataType::boolean, "BOOL"},
    {DataType::uint8, "UINT8"},
    {DataType::uint16, "UINT16"},
    {DataType::uint32, "UINT32"},
    {DataType::uint64, "UINT64"},
    {DataType::int8, "INT8"},
    {DataType::int16, "INT16"},
    {DataType::int32, "INT32"},
    {DataType::int64, "INT64"},
    {DataType::float16, "FP16"},
    {DataType::float32, "FP32"},
    {DataType::float64, "FP64"},
    {DataType::string, "BYTES"},
    {DataType::bfloat16, "BF16"},
}};

}  // namespace

std::string_view datatype_name(DataType type) {
  const auto found = std::ranges::find(kNames, type, &decltype(kNames)::value_type::first);
  return found == kNames.end() ? std::string_view() : found->second;
}

std::optional<DataType> datatype_of(std::string_view name) {
  const auto found = std::ranges::find(kNames, name, &decltype(kNames)::value_type::second);
  return found == kNames.end() ? std::nullopt : std::optional(found->first);
}

}  // namespace staronnx
