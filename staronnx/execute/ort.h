// ONNX Runtime's C++ API as this room uses it: quiet, its exceptions turned into values. Private to this room.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include <onnxruntime_cxx_api.h>

#include "staronnx/base/result.h"
#include "staronnx/machine/machine.h"

namespace staronnx::ort {

// ONNX Runtime keeps one environment per process and counts its users; each value made here is one user. It logs nothing: what
// goes wrong comes back as a value.
Ort::Env quiet_environment();

// From now on sessions opened with options_for() in this process take the memory of a run from one arena, which keeps what the runs at
// its fullest moment needed; before, and in a process that never calls this, each has an arena of its own. Gone with the last environment.
void share_arena(Ort::Env& environment);

// One node after the other, as many threads as the group has cores: the caller is the first, the others are pinned. Weights are not
// taken from the arena, which would keep their memory.
Ort::SessionOptions options_for(const CoreGroup& group);

// Without the places in ONNX Runtime's source.
Error error_of(std::string_view what, const Ort::Exception& exception);

// The value of `body()`; an exception that it throws becomes an Error that begins with `what`.
template <class Body>
auto guarded(std::string_view what, Body&& body) -> decltype(body()) {
  try {
    return std::forward<Body>(body)();
  } catch (const Ort::Exception& exception) {
    return error_of(what, exception);
  } catch (const std::exception& exception) {
    return Error{ErrorCode::internal, std::string(what) + ": " + exception.what()};
  }
}

}  // namespace staronnx::ort
