#include "staronnx/serve/tracer.h"

#include <atomic>
#include <mutex>
#include <random>
#include <utility>

#include "staronnx/serve/otlp_exporter.h"
#include "staronnx/serve/trace_context.h"
#include "staronnx/serve/trace_file.h"
#include "staronnx/serve/trace_queue.h"
#include "staronnx/serve/trace_sampler.h"

namespace staronnx {
namespace {

// A file's queue is written so often, at the latest: a look at it shows what has happened.
constexpr Milliseconds kFileDelay{100};

// As a file's lines are quickly written, many spans may wait for them, and go together.
constexpr std::size_t kFileQueue = 65'536, kFileBatch = 4096;

// Random identifiers, none of them 0.
class Identifiers {
 public:
  explicit Identifiers(std::uint64_t seed) : random_(seed) {}

  std::string next(std::size_t words) {
    static constexpr std::string_view kDigits = "0123456789abcdef";
    const std::lock_guard lock(mutex_);
    std::string digits;
    for (std::size_t i = 0; i < words; ++i) {
      for (std::uint64_t word = std::max<std::uint64_t>(random_(), 1), n = 0; n < 16; ++n, word >>= 4U)
        digits += kDigits[word & 15U];
    }
    return digits;
  }

 private:
  std::mutex mutex_;
  std::mt19937_64 random_;
};

Clock::duration to_unix_time() {
  return std::chrono::system_clock::now().time_since_epoch() - Clock::now().time_since_epoch();
}

}  // namespace

struct Tracer::State {
  State(const TraceOptions& options, std::uint64_t seed, std::unique_ptr<TraceSink> sink, const TraceQueueOptions& queueing,
        Log& log)
      : mode(options.mode),
        file(options.file.string()),
        sampler(options.settings),
        identifiers(seed),
        queue(std::move(sink), queueing, log) {}

  const TraceMode mode;
  const std::string file;
  TraceSampler sampler;
  Identifiers identifiers;
  std::atomic<std::uint64_t> begun = 0;
  TraceQueue queue;
};

Tracer::Tracer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Tracer::~Tracer() = default;

Result<std::unique_ptr<Tracer>> Tracer::open(const TraceOptions& options, std::uint64_t seed, Log& log) {
  if (options.mode == TraceMode::opentelemetry) {
    const CollectorOptions& collector = options.collector;
    Result<std::unique_ptr<OtlpExporter>> exporter = OtlpExporter::open(collector);
    if (!exporter) return exporter.error();
    return std::make_unique<Tracer>(std::make_unique<State>(
        options, seed, *std::move(exporter), TraceQueueOptions{collector.queue, collector.batch, collector.delay}, log));
  }
  auto file = std::make_unique<TraceFile>(options.file);
  if (options.settings.timestamps) {
    if (Status begun = file->begin(options.settings.log_frequency); !begun) return begun.error();
  }
  return std::make_unique<Tracer>(
      std::make_unique<State>(options, seed, std::move(file), TraceQueueOptions{kFileQueue, kFileBatch, kFileDelay}, log));
}

bool Tracer::on() const noexcept {
  return state_->sampler.on();
}

std::shared_ptr<TraceRecord> Tracer::begin(const TraceOrigin& origin) {
  const std::optional<TraceContext> caller = trace_context(origin.traceparent, origin.tracestate);
  const bool caller_decides = caller && state_->mode == TraceMode::opentelemetry;
  if (caller_decides && !caller->sampled) return nullptr;
  std::optional<TraceSample> sample = state_->sampler.sample(origin.model, caller_decides);
  if (!sample) return nullptr;
  auto record = std::make_unique<TraceRecord>();
  record->number = ++state_->begun;
  record->scope = std::move(sample->scope);
  record->log_frequency = sample->log_frequency;
  record->trace_id = caller ? caller->trace_id : state_->identifiers.next(2);
  record->span_id = state_->identifiers.next(1);
  if (caller) record->parent_id = caller->parent_id;
  if (caller) record->state = caller->state;
  record->protocol = origin.protocol;
  record->model = origin.model;
  record->begin = origin.begin;
  record->to_unix_time = to_unix_time();
  return {record.release(), [state = state_.get()](TraceRecord* trace) {
            std::unique_ptr<TraceRecord> ended(trace);
            if (ended->end == Clock::time_point()) ended->end = Clock::now();
            state->queue.push(std::move(ended));
          }};
}

std::shared_ptr<TraceRecord> Tracer::begin_step(const std::shared_ptr<TraceRecord>& whole, const std::string& model) {
  TraceRecord& step = whole->steps.emplace_back();
  step.number = ++state_->begun;
  step.whole = whole->number;
  step.trace_id = whole->trace_id;
  step.span_id = state_->identifiers.next(1);
  step.parent_id = whole->span_id;
  step.state = whole->state;
  step.protocol = whole->protocol;
  step.model = model;
  step.request_id = whole->request_id;
  step.begin = Clock::now();
  step.to_unix_time = whole->to_unix_time;
  return {whole, &step};
}

TraceMode Tracer::mode() const {
  return state_->mode;
}

const std::string& Tracer::file() const {
  return state_->file;
}

TraceSampler& Tracer::sampler() const {
  return state_->sampler;
}

std::uint64_t Tracer::dropped_spans() const {
  return state_->queue.dropped();
}

void Tracer::close() {
  state_->queue.close();
}

}  // namespace staronnx
