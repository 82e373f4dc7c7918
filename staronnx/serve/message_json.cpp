#include "staronnx/serve/message_json.h"

#include <google/protobuf/descriptor.h>

#include <nlohmann/json.hpp>

namespace staronnx {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using Json = nlohmann::ordered_json;

Json json_object(const Message& message);

// The value of a field, or of one entry of a repeated one.
Json json_value(const Message& message, const FieldDescriptor& field, int index) {
  const Reflection& reflection = *message.GetReflection();
  const auto get = [&](auto single, auto repeated) -> Json {
    return index < 0 ? (reflection.*single)(message, &field) : (reflection.*repeated)(message, &field, index);
  };
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32: return get(&Reflection::GetInt32, &Reflection::GetRepeatedInt32);
    case FieldDescriptor::CPPTYPE_INT64: return get(&Reflection::GetInt64, &Reflection::GetRepeatedInt64);
    case FieldDescriptor::CPPTYPE_UINT32: return get(&Reflection::GetUInt32, &Reflection::GetRepeatedUInt32);
    case FieldDescriptor::CPPTYPE_UINT64: return get(&Reflection::GetUInt64, &Reflection::GetRepeatedUInt64);
    case FieldDescriptor::CPPTYPE_DOUBLE: return get(&Reflection::GetDouble, &Reflection::GetRepeatedDouble);
    case FieldDescriptor::CPPTYPE_FLOAT: return get(&Reflection::GetFloat, &Reflection::GetRepeatedFloat);
    case FieldDescriptor::CPPTYPE_BOOL: return get(&Reflection::GetBool, &Reflection::GetRepeatedBool);
    case FieldDescriptor::CPPTYPE_STRING: return get(&Reflection::GetString, &Reflection::GetRepeatedString);
    case FieldDescriptor::CPPTYPE_ENUM:
      return (index < 0 ? reflection.GetEnum(message, &field) : reflection.GetRepeatedEnum(message, &field, index))->name();
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return json_object(index < 0 ? reflection.GetMessage(message, &field, nullptr)
                                   : reflection.GetRepeatedMessage(message, &field, index));
  }
  return {};
}

std::string key_text(const Json& key) {
  return key.is_string() ? key.get<std::string>() : key.dump();
}

Json json_map(const Message& message, const FieldDescriptor& field) {
  nlohmann::json sorted = nlohmann::json::object();  // the order of a map's entries is not said
  for (int i = 0; i < message.GetReflection()->FieldSize(message, &field); ++i) {
    const Message& entry = message.GetReflection()->GetRepeatedMessage(message, &field, i);
    const google::protobuf::Descriptor& type = *field.message_type();
    sorted[key_text(json_value(entry, *type.map_key(), -1))] = json_value(entry, *type.map_value(), -1);
  }
  return sorted;
}

Json json_list(const Message& message, const FieldDescriptor& field) {
  Json list = Json::array();
  for (int i = 0; i < message.GetReflection()->FieldSize(message, &field); ++i) list.push_back(json_value(message, field, i));
  return list;
}

Json json_object(const Message& message) {
  Json object = Json::object();
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor& field = *message.GetDescriptor()->field(i);
    if (field.is_map()) {
      object[field.name()] = json_map(message, field);
    } else if (field.is_repeated()) {
      object[field.name()] = json_list(message, field);
    } else if (!field.has_presence() || message.GetReflection()->HasField(message, &field)) {
      object[field.name()] = json_value(message, field, -1);
    }
  }
  return object;
}

}  // namespace

std::string json_of(const Message& message) {
  return json_object(message).dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace staronnx
