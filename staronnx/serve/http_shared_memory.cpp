#include "staronnx/serve/http_shared_memory.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "staronnx/serve/base64.h"
#include "staronnx/serve/message_json.h"
#include "staronnx/serve/messages.h"
#include "staronnx/serve/parse_json.h"

namespace staronnx {
namespace {

// Nothing for what is no whole number of at least 0.
std::optional<std::uint64_t> count_of(const nlohmann::json& object, const char* field) {
  const auto found = object.find(field);
  if (found == object.end() || !found->is_number_unsigned()) return std::nullopt;
  return found->get<std::uint64_t>();
}

template <class Region>
HttpAnswer list_of(const Result<std::vector<Region>>& regions) {
  if (!regions) return error_answer(regions.error());
  std::string list;
  for (const Region& one : *regions) list += (list.empty() ? "" : ",") + json_of(status_of(one));
  return HttpAnswer{200, '[' + list + ']'};
}

Result<nlohmann::json> object_of(std::string_view body, const std::string& example) {
  Result<nlohmann::json> wanted = parse_json(body);
  if (!wanted || wanted->is_object()) return wanted;
  return Error{ErrorCode::invalid_argument, "the request must be an object, such as " + example};
}

}  // namespace

HttpAnswer shared_memory_status(const SharedMemory& memory, const std::string& region) {
  return list_of(memory.status(region));
}

HttpAnswer register_shared_memory(SharedMemory& memory, const std::string& region, std::string_view body) {
  const Result<nlohmann::json> wanted = object_of(body, R"({"key": "/frames", "byte_size": 64})");
  if (!wanted) return error_answer(wanted.error());
  const auto key = wanted->find("key");
  if (key == wanted->end() || !key->is_string()) return error_answer(400, "'key' of the region must be text");
  const std::optional<std::uint64_t> offset = wanted->contains("offset") ? count_of(*wanted, "offset") : 0;
  if (!offset) return error_answer(400, "'offset' of the region must be a whole number of at least 0");
  const std::optional<std::uint64_t> byte_size = count_of(*wanted, "byte_size");
  if (!byte_size) return error_answer(400, "'byte_size' of the region must be a whole number of at least 0");
  const Status added = memory.add(SharedRegion{region, key->get<std::string>(), *offset, *byte_size});
  return added ? HttpAnswer() : error_answer(added.error());
}

HttpAnswer cuda_shared_memory_status(const SharedMemory& memory, const std::string& region) {
  return list_of(memory.cuda_status(region));
}

HttpAnswer register_cuda_shared_memory(SharedMemory& memory, const std::string& region, std::string_view body) {
  const Result<nlohmann::json> wanted = object_of(body, R"({"raw_handle": {"b64": ".."}, "device_id": 0, "byte_size": 64})");
  if (!wanted) return error_answer(wanted.error());
  const nlohmann::json::json_pointer place("/raw_handle/b64");
  const bool is_text = wanted->contains(place) && wanted->at(place).is_string();
  const std::optional<std::string> handle = is_text ? from_base64(wanted->at(place).get<std::string>()) : std::nullopt;
  if (!handle) return error_answer(400, "'raw_handle' of the region must be {\"b64\": TEXT}, with the handle's bytes in base64");
  const std::optional<std::uint64_t> device = count_of(*wanted, "device_id");
  if (!device || *device > INT32_MAX) return error_answer(400, "'device_id' of the region must be the number of a GPU");
  const std::optional<std::uint64_t> byte_size = count_of(*wanted, "byte_size");
  if (!byte_size) return error_answer(400, "'byte_size' of the region must be a whole number of at least 0");
  const Status added = memory.add(CudaRegion{region, *handle, static_cast<std::int64_t>(*device), *byte_size});
  return added ? HttpAnswer() : error_answer(added.error());
}

}  // namespace staronnx
