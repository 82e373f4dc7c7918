// Traces of requests: which are traced, and where that goes.
//
//   std::shared_ptr<TraceRecord> trace = tracer.begin(..)   null for most requests
//   trace->..                                               by whoever has the request, one after another
//   (the last one lets go)                                  -> queue -> file or collector
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "staronnx/base/deadline.h"
#include "staronnx/base/result.h"
#include "staronnx/serve/log.h"
#include "staronnx/serve/trace_options.h"

namespace staronnx {

struct TraceRecord;
class TraceSampler;

// What a front end knows of a request that has come.
struct TraceOrigin {
  std::string_view protocol;  // "HTTP"
  std::string model;
  Clock::time_point begin;
  std::string traceparent = {}, tracestate = {};  // the caller's trace (trace_context.h)
};

// Thread-safe.
class Tracer {
 public:
  // `log` outlives the tracer; `seed` is random. Fails, naming it, when the file of traces that are wanted cannot be written, or
  // that of the authorities that a collector is to be known by cannot be read.
  static Result<std::unique_ptr<Tracer>> open(const TraceOptions& options, std::uint64_t seed, Log& log);
  ~Tracer();

  // Whether anything is traced: ask before what begin() takes is made. Allocates nothing.
  bool on() const noexcept;

  // Null when the request is not traced. In the mode opentelemetry the caller decides, if it traces: with its mark "sampled" the request
  // is traced whatever rate and count say, without it is not. The tracer outlives the trace.
  std::shared_ptr<TraceRecord> begin(const TraceOrigin& origin);

  // A step of an ensemble's traced request begins now; it is part of that trace, which does not end before it. Not for one request on several
  // threads at once.
  std::shared_ptr<TraceRecord> begin_step(const std::shared_ptr<TraceRecord>& whole, const std::string& model);

  TraceMode mode() const;
  const std::string& file() const;  // "": none
  TraceSampler& sampler() const;

  // Spans that were lost, as the collector, or the disk, did not take them.
  std::uint64_t dropped_spans() const;

  // Writes what is finished, waiting for a collector some seconds at most. What finishes later is lost.
  void close();

  struct State;  // private to this room
  explicit Tracer(std::unique_ptr<State> state);

 private:
  const std::unique_ptr<State> state_;
};

}  // namespace staronnx
