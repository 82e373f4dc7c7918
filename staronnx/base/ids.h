// Numbers that name things: a node cannot be taken for a segment.
#pragma once

#include <cstddef>
#include <cstdint>

namespace staronnx {

enum class NodeId : std::uint32_t {};     // position in Graph::nodes() or Model::nodes(), said at each use
enum class SegmentId : std::uint32_t {};  // position in a Partition or Variant, in the order of execution

enum class RequestId : std::uint64_t {};  // of one process, in the order of arrival

constexpr std::size_t index(NodeId id) { return static_cast<std::size_t>(id); }
constexpr std::size_t index(SegmentId id) { return static_cast<std::size_t>(id); }

}  // namespace staronnx
