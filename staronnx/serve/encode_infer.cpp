#include <nlohmann/json.hpp>

#include "staronnx/serve/datatype_name.h"
#include "staronnx/serve/http_infer.h"
#include "staronnx/serve/json_tensor.h"
#include "staronnx/serve/request_check.h"

namespace staronnx {
namespace {

std::string json_text(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

bool is_binary(const OutputForms& forms, std::string_view output) {
  const auto said = forms.by_name.find(output);
  return said == forms.by_name.end() ? forms.binary : said->second;
}

Status append_output(const InferenceOutput& output, bool binary, std::string& json) {
  json += "{\"name\":" + json_text(output.name) + ",\"datatype\":\"" + std::string(datatype_name(output.tensor.type)) +
          "\",\"shape\":" + shape_text(output.tensor.shape);
  if (output.shared) {
    json += '}';  // without 'parameters', which clients in C++ take for those of binary data
    return {};
  }
  if (binary) {
    json += ",\"parameters\":{\"binary_data_size\":" + std::to_string(output.tensor.data.size()) + "}";
  } else {
    json += ",\"data\":";
    if (Status written = append_json(std::string(output.name), output.tensor, json); !written) return written;
  }
  json += '}';
  return {};
}

}  // namespace

Result<EncodedInference> encode(const InferenceResponse& response, const OutputForms& forms) {
  EncodedInference encoded;
  std::string& json = encoded.json;
  json = "{\"model_name\":" + json_text(response.model) + ",\"model_version\":\"" + std::to_string(response.version) + "\"";
  if (!response.id.empty()) json += ",\"id\":" + json_text(response.id);
  json += ",\"outputs\":[";
  for (std::size_t i = 0; i < response.outputs.size(); ++i) {
    const InferenceOutput& output = response.outputs[i];
    if (i > 0) json += ',';
    const bool apart = !output.shared && is_binary(forms, output.name);
    if (apart) encoded.binary.push_back(output.tensor.data);
    if (Status written = append_output(output, apart, json); !written) return written.error();
  }
  json += "]}";
  return encoded;
}

}  // namespace staronnx
