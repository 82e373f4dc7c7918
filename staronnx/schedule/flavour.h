// The room is compiled twice, from the same sources: for StarPU, which drives this machine, and for StarPU-SimGrid, which drives one that is
// simulated (docs/simulation.md). This is all in which they differ, with threads.h.
#pragma once

namespace staronnx {

// Then no core is pinned, no worker waits but in virtual time, and a GPU's work is done when its codelet returns.
#ifdef STARONNX_SIMULATED
constexpr bool kSimulated = true;
#else
constexpr bool kSimulated = false;
#endif

}  // namespace staronnx
