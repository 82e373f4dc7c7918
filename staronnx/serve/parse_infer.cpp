#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "staronnx/serve/datatype_name.h"
#include "staronnx/serve/http_infer.h"
#include "staronnx/serve/json_tensor.h"
#include "staronnx/serve/parse_json.h"

namespace staronnx {
namespace {

using Json = nlohmann::json;

// Thrown and caught in this file.
struct Refused {
  std::string message;
};

[[noreturn]] void refuse(std::string message) {
  throw Refused{std::move(message)};
}

// ---- fields of JSON objects; `of` says whose ----

const Json* find(const Json& object, const char* field) {
  const auto found = object.find(field);
  return found == object.end() ? nullptr : &*found;
}

const Json& field_of(const Json& object, const char* field, const std::string& of) {
  if (!object.is_object()) refuse(of + " must be an object");
  const Json* found = find(object, field);
  if (found == nullptr) refuse(of + " has no '" + field + "'");
  return *found;
}

std::string text_of(const Json& object, const char* field, const std::string& of) {
  const Json& value = field_of(object, field, of);
  if (!value.is_string()) refuse("'" + std::string(field) + "' of " + of + " must be text");
  return value.get<std::string>();
}

// A whole number of at least 0, if the field is there.
std::optional<std::uint64_t> count_of(const Json& object, const char* field, const std::string& of) {
  const Json* value = find(object, field);
  if (value == nullptr) return std::nullopt;
  if (!value->is_number_unsigned()) refuse("'" + std::string(field) + "' of " + of + " must be a whole number of at least 0");
  return value->get<std::uint64_t>();
}

std::optional<bool> flag_of(const Json& object, const char* field, const std::string& of) {
  const Json* value = find(object, field);
  if (value == nullptr) return std::nullopt;
  if (!value->is_boolean()) refuse("'" + std::string(field) + "' of " + of + " must be true or false");
  return value->get<bool>();
}

const Json& parameters_of(const Json& object, const std::string& of) {
  static const Json none = Json::object();
  const Json* parameters = find(object, "parameters");
  if (parameters == nullptr) return none;
  if (!parameters->is_object()) refuse("'parameters' of " + of + " must be an object");
  return *parameters;
}

std::optional<SharedPlace> shared_place_of(const Json& parameters, const std::string& of) {
  if (find(parameters, "shared_memory_region") == nullptr) return std::nullopt;
  SharedPlace place{text_of(parameters, "shared_memory_region", of)};
  const std::optional<std::uint64_t> size = count_of(parameters, "shared_memory_byte_size", of);
  if (!size) refuse(of + " has 'shared_memory_region', but no 'shared_memory_byte_size'");
  place.byte_size = *size;
  place.offset = count_of(parameters, "shared_memory_offset", of).value_or(0);
  return place;
}

// ---- inputs ----

Shape shape_of(const Json& input, const std::string& of) {
  const Json& list = field_of(input, "shape", of);
  if (!list.is_array()) refuse("'shape' of " + of + " must be a list of whole numbers");
  Shape shape;
  for (const Json& size : list) {
    if (!size.is_number_unsigned() || size.get<std::uint64_t>() > INT64_MAX)
      refuse("'shape' of " + of + " must be a list of whole numbers of at least 0");
    shape.push_back(size.get<std::int64_t>());
  }
  if (!element_count(shape)) refuse("'shape' of " + of + " has more elements than there can be");
  return shape;
}

DataType type_of(const Json& input, const std::string& of) {
  const std::string name = text_of(input, "datatype", of);
  const std::optional<DataType> type = datatype_of(name);
  if (!type) refuse("'datatype' of " + of + " is '" + name + "', which is no type of the protocol, such as FP32");
  return *type;
}

// Takes what belongs to the input off the front of `binary`, which is what is left of `body`.
InferenceInput parse_input(const Json& json, std::size_t position, const HttpBody& body, std::string_view& binary) {
  InferenceInput input{text_of(json, "name", "inputs[" + std::to_string(position) + "]"), {}, {}};
  const std::string of = "input '" + input.name + "'";
  Shape shape = shape_of(json, of);
  const DataType type = type_of(json, of);
  const Json* data = find(json, "data");
  const Json& parameters = parameters_of(json, of);
  const std::optional<std::uint64_t> size = count_of(parameters, "binary_data_size", of);
  input.shared = shared_place_of(parameters, of);
  if (data != nullptr && size) refuse(of + " has both 'data' and 'binary_data_size'; give one");
  if (input.shared) {
    if (data != nullptr || size) refuse(of + " has both 'shared_memory_region' and data of its own; give one");
    input.tensor = Tensor(type, std::move(shape), 0);
    return input;
  }
  if (size) {
    if (*size > binary.size())
      refuse(of + " has 'binary_data_size' " + std::to_string(*size) + ", but only " + std::to_string(binary.size()) +
             " bytes follow the JSON");
    input.tensor = body.tensor(type, std::move(shape), binary.substr(0, *size));
    binary.remove_prefix(*size);
    return input;
  }
  if (data == nullptr) refuse(of + " has neither 'data' nor the parameter 'binary_data_size'");
  Result<Tensor> tensor = tensor_from_json(input.name, type, std::move(shape), *data);
  if (!tensor) refuse(tensor.error().message);
  input.tensor = *std::move(tensor);
  return input;
}

// ---- outputs ----

void parse_output(const Json& json, std::size_t position, HttpInference& inference) {
  RequestedOutput output{text_of(json, "name", "outputs[" + std::to_string(position) + "]")};
  const std::string of = "output '" + output.name + "'";
  const Json& parameters = parameters_of(json, of);
  const std::optional<std::uint64_t> classes = count_of(parameters, "classification", of);
  if (classes && (*classes == 0 || *classes > UINT32_MAX)) refuse("'classification' of " + of + " must be from 1 to 4294967295");
  output.classes = static_cast<std::uint32_t>(classes.value_or(0));
  if (const std::optional<bool> binary = flag_of(parameters, "binary_data", of)) inference.forms.by_name[output.name] = *binary;
  output.shared = shared_place_of(parameters, of);
  inference.request.outputs.push_back(std::move(output));
}

const Json& list_of(const Json& document, const char* field) {
  static const Json none = Json::array();
  const Json* list = find(document, field);
  if (list == nullptr) return none;
  if (!list->is_array()) refuse("'" + std::string(field) + "' must be a list");
  return *list;
}

HttpInference parse(const Json& document, const HttpBody& body, std::string_view binary) {
  const std::string of = "the request";
  HttpInference inference;
  if (!document.is_object()) refuse(of + " must be an object");
  if (find(document, "id") != nullptr) inference.request.id = text_of(document, "id", of);
  const Json& parameters = parameters_of(document, of);
  inference.request.priority = count_of(parameters, "priority", of).value_or(0);
  inference.request.timeout = Microseconds(static_cast<double>(count_of(parameters, "timeout", of).value_or(0)));
  inference.forms.binary = flag_of(parameters, "binary_data_output", of).value_or(false);
  field_of(document, "inputs", of);
  std::size_t position = 0;
  for (const Json& input : list_of(document, "inputs"))
    inference.request.inputs.push_back(parse_input(input, position++, body, binary));
  position = 0;
  for (const Json& output : list_of(document, "outputs")) parse_output(output, position++, inference);
  if (!binary.empty()) refuse(std::to_string(binary.size()) + " bytes follow the JSON that belong to no input");
  return inference;
}

std::size_t json_length(std::string_view body, const std::optional<std::string>& header_length) {
  if (!header_length) return body.size();
  std::size_t length = 0;
  const char* end = header_length->data() + header_length->size();
  const auto [stop, problem] = std::from_chars(header_length->data(), end, length);
  if (problem != std::errc() || stop != end || length > body.size())
    refuse("Inference-Header-Content-Length must be a whole number from 0 to the body's " + std::to_string(body.size()) +
           " bytes, not '" + *header_length + "'");
  return length;
}

}  // namespace

Result<HttpInference> parse_infer(const HttpBody& body, const std::optional<std::string>& header_length) {
  try {
    const std::size_t length = json_length(body.text(), header_length);
    const Result<Json> document = parse_json(body.text().substr(0, length));
    if (!document) return document.error();
    return parse(*document, body, body.text().substr(length));
  } catch (const Refused& refused) {
    return Error{ErrorCode::invalid_argument, refused.message};
  }
}

}  // namespace staronnx
