// The node's end of a segment's run, called by staronnx_run_segment_task() (slot.h).
#pragma once

namespace staronnx {

// Whether this process is a node.
bool is_node();

// Runs the segment that the words at `argument` name on StarPU's `interfaces`, for the tensors read, then those written.
void run_on_node(void** interfaces, void* argument) noexcept;

}  // namespace staronnx
