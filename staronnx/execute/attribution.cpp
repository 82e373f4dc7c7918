#include "staronnx/execute/attribution.h"

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace staronnx {
namespace {

using Position = std::optional<std::size_t>;  // in a node list
using PositionByName = std::map<std::string, std::size_t, std::less<>>;

PositionByName producers(std::span<const ModelNode> nodes) {
  PositionByName producer;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    for (const std::string& output : nodes[i].outputs) producer.emplace(output, i);
  }
  return producer;
}

// By node: the first that reads one of its outputs.
std::vector<Position> first_readers(std::span<const ModelNode> nodes) {
  const PositionByName producer = producers(nodes);
  std::vector<Position> reader(nodes.size());
  for (std::size_t i = nodes.size(); i-- > 0;) {
    for (const std::string& input : nodes[i].inputs) {
      if (const auto found = producer.find(input); found != producer.end()) reader[found->second] = i;
    }
  }
  return reader;
}

Position find(const PositionByName& positions, std::string_view name) {
  const auto found = positions.find(name);
  return found == positions.end() ? Position() : Position(found->second);
}

// The original node that computes what a node of the optimised model computes.
class Origins {
 public:
  explicit Origins(std::span<const ModelNode> original) : producer_(producers(original)) {
    for (std::size_t i = 0; i < original.size(); ++i) by_name_.emplace(original[i].name, i);
  }

  Position of(const ModelNode& node) const {
    for (const std::string& output : node.outputs) {
      if (Position origin = find(producer_, output)) return origin;
    }
    if (Position origin = find(by_name_, node.name)) return origin;
    return of_blocked(node.name);
  }

 private:
  // Nodes in ONNX Runtime's blocked layout are named after their tensor: "relu1_nchwc", "batchnorm1_bn_nchwc", "scaled_mul_nchwc".
  Position of_blocked(std::string_view name) const {
    constexpr std::string_view suffix = "_nchwc";
    if (!name.ends_with(suffix)) return {};
    name.remove_suffix(suffix.size());
    if (Position origin = find(producer_, name)) return origin;
    return find(producer_, name.substr(0, name.rfind('_')));
  }

  PositionByName producer_;
  PositionByName by_name_;
};

Microseconds time_of(const TimeByNode& times, const std::string& node) {
  const auto found = times.find(node);
  return found == times.end() ? Microseconds(0) : found->second;
}

// By original node: the time of the optimised nodes that stand for it; nothing when there are none.
std::vector<std::optional<Microseconds>> collected(std::span<const ModelNode> original, std::span<const ModelNode> optimized,
                                                   const TimeByNode& times) {
  const Origins origins(original);
  const std::vector<Position> readers = first_readers(optimized);
  std::vector<Position> origin(optimized.size());
  std::vector<std::optional<Microseconds>> time(original.size());
  for (std::size_t i = optimized.size(); i-- > 0;) {
    origin[i] = origins.of(optimized[i]);
    if (!origin[i] && readers[i]) origin[i] = origin[*readers[i]];
    if (origin[i]) time[*origin[i]] = time[*origin[i]].value_or(Microseconds(0)) + time_of(times, optimized[i].name);
  }
  return time;
}

}  // namespace

TimeByNode attributed(std::span<const ModelNode> original, const TimeByNode& original_times, std::span<const ModelNode> optimized,
                      const TimeByNode& optimized_times) {
  const std::vector<std::optional<Microseconds>> collected_time = collected(original, optimized, optimized_times);
  const std::vector<Position> readers = first_readers(original);
  std::vector<std::size_t> fused_into(original.size());
  std::vector<Microseconds> unoptimized(original.size());  // sum over the nodes fused into this one
  for (std::size_t i = original.size(); i-- > 0;) {
    fused_into[i] = collected_time[i] || !readers[i] ? i : fused_into[*readers[i]];
    unoptimized[fused_into[i]] += time_of(original_times, original[i].name);
  }
  TimeByNode result;
  for (std::size_t i = 0; i < original.size(); ++i) {
    const std::size_t whole = fused_into[i];
    const double share =
        unoptimized[whole].count() > 0 ? time_of(original_times, original[i].name) / unoptimized[whole] : i == whole;
    result[original[i].name] = collected_time[whole].value_or(Microseconds(0)) * share;
  }
  return result;
}

}  // namespace staronnx
