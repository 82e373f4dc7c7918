// Sessions whose nodes OpenVINO computes, in float32 as ONNX Runtime's own provider does. Private to this room.
//
// Threads. OpenVINO computes on the calling thread and on workers of its own (TBB). A run on `width` cores has at most width - 1 of
// them at once, on one core none. OpenVINO's pinning is off: it would move the calling thread, too, and to cores of OpenVINO's choice.
// So the caller stays where it was pinned; but the workers belong to the process, not to a session: they serve whichever run wants
// them, and may run on every core that the process may use, not on the group's alone. They do not spin between runs: half a second
// without runs takes 0.9 ms of processor time.
//
// One stream: a session runs one request at a time, and other callers wait. With several streams OpenVINO would compute on threads of
// the session instead, all on the cores of the thread that opened it: two callers on a core each, SqueezeNet, 6.6 ms a request against
// 3.3 ms with a session each.
//
// Shapes. Only models whose inputs and outputs all state their shapes: on one thread OpenVINO (2025.4.1) loses the error of an operator
// whose inputs do not fit together. Relu(x) + y for x of 2 and y of 3 elements, both of open shape, gave an empty result at first, and
// after a request that was right the result of that one; on two threads, an error.
//
// Memory. Sessions share no weights: ResNet-50, resident memory of the process with one session and with two: 281 and 572 MB.
#pragma once

#include <filesystem>
#include <string>

#include "staronnx/execute/ort.h"
#include "staronnx/machine/machine.h"
#include "staronnx/model/signature.h"

namespace staronnx {

struct OpenvinoSession {
  Ort::Session session;
  std::string note;  // which part of the model OpenVINO does not compute; empty: it computes all
};

// Fails (unsupported), naming the tensor, when the model leaves a dimension open.
Status check_openvino_takes(const Signature& signature);

// Throws Ort::Exception, also where the library has no OpenVINO.
OpenvinoSession open_with_openvino(const Ort::Env& environment, const std::filesystem::path& model, const CoreGroup& group);

}  // namespace staronnx
