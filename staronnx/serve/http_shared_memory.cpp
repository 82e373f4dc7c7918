#include "staronnx/serve/http_shared_memory.h"

#include <nlohmann/json.hpp>
#include <optional>

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

}  // namespace

HttpAnswer shared_memory_status(const SharedMemory& memory, const std::string& region) {
  const Result<std::vector<SharedRegion>> regions = memory.status(region);
  if (!regions) return error_answer(regions.error());
  std::string list;
  for (const SharedRegion& one : *regions) list += (list.empty() ? "" : ",") + json_of(status_of(one));
  return HttpAnswer{200, '[' + list + ']'};
}

HttpAnswer register_shared_memory(SharedMemory& memory, const std::string& region, const std::string& body) {
  const Result<nlohmann::json> wanted = parse_json(body);
  if (!wanted) return error_answer(wanted.error());
  if (!wanted->is_object())
    return error_answer(400, "the request must be an object, such as {\"key\": \"/frames\", \"byte_size\": 64}");
  const auto key = wanted->find("key");
  if (key == wanted->end() || !key->is_string()) return error_answer(400, "'key' of the region must be text");
  const std::optional<std::uint64_t> offset = wanted->contains("offset") ? count_of(*wanted, "offset") : 0;
  if (!offset) return error_answer(400, "'offset' of the region must be a whole number of at least 0");
  const std::optional<std::uint64_t> byte_size = count_of(*wanted, "byte_size");
  if (!byte_size) return error_answer(400, "'byte_size' of the region must be a whole number of at least 0");
  const Status added = memory.add({region, key->get<std::string>(), *offset, *byte_size});
  return added ? HttpAnswer() : error_answer(added.error());
}

HttpAnswer cuda_shared_memory_status(const std::string& region) {
  return region.empty() ? HttpAnswer{200, "[]"} : error_answer(no_cuda_region(region));
}

}  // namespace staronnx
