// An inference as every protocol says it: what the front ends make of bytes, and what they make bytes of.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "staronnx/base/deadline.h"
#include "staronnx/base/result.h"
#include "staronnx/base/units.h"
#include "staronnx/model/tensor.h"
#include "staronnx/schedule/pipeline.h"
#include "staronnx/serve/allowance.h"

namespace staronnx {

struct TraceRecord;

// Part of a region of shared memory (shared_memory.h).
struct SharedPlace {
  std::string region;
  std::uint64_t offset = 0;  // in the region
  std::uint64_t byte_size = 0;
};

struct InferenceInput {
  std::string name;
  Tensor tensor;  // without bytes, when they are in `shared`
  std::optional<SharedPlace> shared = {};
};

struct RequestedOutput {
  std::string name;
  std::uint32_t classes = 0;               // the k largest values with their positions instead of the tensor; 0: the tensor
  std::optional<SharedPlace> shared = {};  // where it is to be written
};

// As it came: nothing in it is checked against the model yet, but each tensor has the bytes that its type and shape say, or is in shared memory.
struct InferenceRequest {
  std::string model;
  std::optional<std::int64_t> version = {};  // nothing: the one that the catalog prefers
  std::string id = {};                       // the client's own; goes back as it is
  std::vector<InferenceInput> inputs = {};
  std::vector<RequestedOutput> outputs = {};  // none: all, in the model's order
  std::uint64_t priority = 0;                 // 1 goes first; 0: the model's default
  Microseconds timeout{};                     // for the whole request, from its arrival; 0: the model's default
  Deadline deadline = Deadline::never();      // beside the timeout: of a step, its ensemble's
  Allowance::Share bytes = {};                // of those that the server holds; given back when the request is answered
  std::shared_ptr<TraceRecord> trace = {};    // gets what happens on the way; null: it is not traced
};

struct InferenceOutput {
  std::string_view name;
  TensorView tensor;
  bool shared = false;  // its bytes are in shared memory already, and not in `tensor`
};

// Valid only during the call that brings it: the memory goes to the next request afterwards.
struct InferenceResponse {
  std::string_view model;
  std::int64_t version = 1;
  std::string_view id;
  std::span<const InferenceOutput> outputs;   // as requested
  std::span<const SegmentRun> segments = {};  // that ran; of an ensemble, those of all its steps
  KeepMemory keep = {};                       // beyond that call
};

// Called exactly once for each accepted request, on a thread of the model's, which serves other requests, too: it must return soon, not throw
// and not wait. Errors: unavailable (too late; the model goes), cancelled, internal.
using InferenceDone = std::function<void(const Result<InferenceResponse>&)>;

}  // namespace staronnx
