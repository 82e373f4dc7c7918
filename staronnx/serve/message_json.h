// A protocol message as the JSON that HTTP clients know of it: names as in the .proto file, all fields that are not messages whether set or
// not, enums by name, and 64-bit integers as numbers (unlike protobuf's own JSON, which writes text).
#pragma once

#include <google/protobuf/message.h>
#include <google/protobuf/repeated_ptr_field.h>

#include <string>

namespace staronnx {

std::string json_of(const google::protobuf::Message& message);

// A list of messages.
template <class Message>
std::string json_of(const google::protobuf::RepeatedPtrField<Message>& messages) {
  std::string list;
  for (const Message& message : messages) list += (list.empty() ? "" : ",") + json_of(message);
  return '[' + list + ']';
}

}  // namespace staronnx
