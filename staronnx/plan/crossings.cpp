#include "staronnx/plan/crossings.h"

#include <map>
#include <utility>

namespace staronnx {
namespace {

Bytes bytes_of(const Plan& plan, const std::string& tensor) {
  const auto found = plan.tensors.find(tensor);
  return found == plan.tensors.end() ? Bytes{} : found->second.bytes;
}

}  // namespace

std::vector<Crossing> crossings(const Plan& plan, const Variant& variant) {
  std::map<std::string, std::size_t> writer;
  std::vector<Crossing> result;
  for (std::size_t to = 0; to < variant.segments.size(); ++to) {
    std::map<std::size_t, Crossing> by_sender;
    for (const std::string& input : variant.segments[to].inputs) {
      const auto from = writer.find(input);
      if (from == writer.end()) continue;  // the request gives it
      Crossing& crossing = by_sender[from->second];
      crossing.tensors.push_back(input);
      crossing.bytes += bytes_of(plan, input);
    }
    for (auto& [from, crossing] : by_sender) result.push_back({from, to, std::move(crossing.tensors), crossing.bytes});
    for (const std::string& output : variant.segments[to].outputs) writer.emplace(output, to);
  }
  return result;
}

}  // namespace staronnx
