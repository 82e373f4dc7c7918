// Whether copies and computation overlap on GPU 0: requests one after the other in one stream, against copies in streams of their own
// that wait for each other's events, as StarPU makes them: what comes next is brought before this is computed. Pinned memory in the host,
// three requests on their way, SqueezeNet and ResNet-50. An iteration is a round of 16 requests; the counters are of its last, a request:
//   enqueue_us     the calling thread is inside GpuExecutor::enqueue: far below compute_us where runs are asynchronous
//   compute_us     from the first to the last kernel, by the GPU's clock
//   copy_us        both copies, by the GPU's clock
//   hidden_share   of the copies' time, that in which another request was computed
// STARONNX_TRACE=FILE: the last round of the last benchmark, as a trace for chrome://tracing and Perfetto.
#include <benchmark/benchmark.h>
#include <cuda_runtime_api.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "staronnx/base/expect_for_bench.h"
#include "staronnx/execute/gpu_executor.h"
#include "staronnx/execute/testing/onnx_builder.h"

namespace staronnx {
namespace {

constexpr std::size_t requests = 16;  // of a round
constexpr std::size_t slots = 3;      // requests on their way at most
constexpr std::array stages = {"copy in", "compute", "copy out"};

void must(cudaError_t code) {
  if (code != cudaSuccess) throw std::runtime_error(cudaGetErrorString(code));
}

class Stream {
 public:
  Stream() { must(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking)); }
  ~Stream() { cudaStreamDestroy(stream_); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  cudaStream_t get() const { return stream_; }

 private:
  cudaStream_t stream_ = nullptr;
};

class Event {
 public:
  Event() { must(cudaEventCreate(&event_)); }
  ~Event() { cudaEventDestroy(event_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  void record(const Stream& stream) { must(cudaEventRecord(event_, stream.get())); }
  void hold_up(const Stream& stream) const { must(cudaStreamWaitEvent(stream.get(), event_)); }
  double us_after(const Event& other) const {
    float ms = 0;
    must(cudaEventElapsedTime(&ms, other.event_, event_));
    return 1000.0 * ms;
  }

 private:
  cudaEvent_t event_ = nullptr;
};

// Bytes on the GPU and pinned ones in the host.
struct Buffer {
  explicit Buffer(std::size_t bytes) : size(bytes) {
    must(cudaMalloc(&gpu, size));
    must(cudaMallocHost(&host, size));
  }
  ~Buffer() {
    cudaFree(gpu);
    cudaFreeHost(host);
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  std::span<std::byte> on_gpu() const { return {static_cast<std::byte*>(gpu), size}; }

  std::size_t size;
  void* gpu = nullptr;
  void* host = nullptr;
};

struct Interval {
  double begin = 0, end = 0;  // us
  double length() const { return end - begin; }
};

struct Request {
  std::array<Event, stages.size()> begin, end;
};

class Round {
 public:
  Round(const std::filesystem::path& model, bool overlapping)
      : streams_(overlapping ? stages.size() : 1),
        engine_(expect(Engine::create())),
        executor_(expect(engine_->prepare_on_gpu(model, {.ordinal = 0, .stream = stream(1).get()}))) {
    const Tensor input = testing::light_input();
    shape_ = input.shape();
    for (std::size_t i = 0; i < slots; ++i) {
      inputs_.push_back(std::make_unique<Buffer>(input.data().size()));
      outputs_.push_back(std::make_unique<Buffer>(testing::light_output(model).data().size()));
      std::ranges::copy(input.data(), static_cast<std::byte*>(inputs_.back()->host));
    }
  }

  // Returns when all is back.
  void run() {
    start_.record(stream(0));
    enqueuing_ = {};
    bring(0);
    for (std::size_t i = 0; i < requests; ++i) {
      if (i + 1 < requests) bring(i + 1);
      compute(i);
    }
    must(cudaDeviceSynchronize());
  }

  std::vector<Interval> intervals(std::size_t stage) const {
    std::vector<Interval> intervals;
    for (const Request& request : requests_)
      intervals.push_back({request.begin[stage].us_after(start_), request.end[stage].us_after(start_)});
    return intervals;
  }

  std::chrono::duration<double, std::micro> enqueuing() const { return enqueuing_; }

 private:
  const Stream& stream(std::size_t stage) const { return streams_[std::min(stage, streams_.size() - 1)]; }

  template <class Work>
  void stage(std::size_t number, Request& request, Work work) {
    if (number > 0) request.end[number - 1].hold_up(stream(number));
    request.begin[number].record(stream(number));
    work(stream(number).get());
    request.end[number].record(stream(number));
  }

  void bring(std::size_t number) {
    const Buffer& input = *inputs_[number % slots];
    if (number >= slots) requests_[number - slots].end.back().hold_up(stream(0));  // its buffers are free then
    stage(0, requests_[number],
          [&](cudaStream_t in) { must(cudaMemcpyAsync(input.gpu, input.host, input.size, cudaMemcpyDefault, in)); });
  }

  void compute(std::size_t number) {
    Request& request = requests_[number];
    const Buffer &input = *inputs_[number % slots], &output = *outputs_[number % slots];
    stage(1, request, [&](cudaStream_t) {
      const TensorView view{DataType::float32, shape_, input.on_gpu()};
      OutputSlot slot{.buffer = output.on_gpu(), .view = {}, .shape = {}, .overflow = {}};
      const auto from = std::chrono::steady_clock::now();
      if (Status run = executor_->enqueue({&view, 1}, {&slot, 1}); !run) throw std::runtime_error(run.error().message);
      enqueuing_ += std::chrono::steady_clock::now() - from;
    });
    stage(2, request,
          [&](cudaStream_t out) { must(cudaMemcpyAsync(output.host, output.gpu, output.size, cudaMemcpyDefault, out)); });
  }

  std::vector<Stream> streams_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<GpuExecutor> executor_;
  Shape shape_;
  std::vector<std::unique_ptr<Buffer>> inputs_, outputs_;  // by slot
  std::array<Request, requests> requests_;
  Event start_;
  std::chrono::duration<double, std::micro> enqueuing_{};
};

// Of the time of `parts`, how much lies inside `others`, which do not overlap each other.
double hidden(const std::vector<Interval>& parts, const std::vector<Interval>& others) {
  double time = 0;
  for (const Interval& part : parts)
    for (const Interval& other : others) time += std::max(0.0, std::min(part.end, other.end) - std::max(part.begin, other.begin));
  return time;
}

double sum(const std::vector<Interval>& intervals) {
  double time = 0;
  for (const Interval& interval : intervals) time += interval.length();
  return time;
}

void write_trace(const Round& round, const std::string& file) {
  std::ofstream trace(file);
  trace << "[";
  for (std::size_t stage = 0; stage < stages.size(); ++stage) {
    std::size_t number = 0;
    for (const Interval& interval : round.intervals(stage)) {
      trace << (stage + number == 0 ? "\n" : ",\n") << R"({"ph": "X", "pid": 0, "tid": ")" << stages[stage]
            << R"(", "name": "request )" << number << R"(", "ts": )" << interval.begin << R"(, "dur": )" << interval.length()
            << "}";
      ++number;
    }
  }
  trace << "\n]\n";
  if (!trace.flush()) throw std::runtime_error(file + " cannot be written");
}

void overlap(benchmark::State& state, const std::string& model, bool overlapping) {
  int gpus = 0;
  if (cudaGetDeviceCount(&gpus) != cudaSuccess || gpus == 0) return state.SkipWithError("no GPU on this machine");
  Round round(testing::light_model(model), overlapping);
  round.run();  // chooses algorithms, takes memory, records
  for (auto _ : state) round.run();
  const std::vector<Interval> in = round.intervals(0), computing = round.intervals(1), out = round.intervals(2);
  const double copying = sum(in) + sum(out);
  state.SetItemsProcessed(static_cast<std::int64_t>(requests) * state.iterations());
  state.counters["enqueue_us"] = round.enqueuing().count() / requests;
  state.counters["compute_us"] = sum(computing) / requests;
  state.counters["copy_us"] = copying / requests;
  state.counters["hidden_share"] = (hidden(in, computing) + hidden(out, computing)) / copying;
  const char* trace = std::getenv("STARONNX_TRACE");  // NOLINT(concurrency-mt-unsafe): nobody sets it
  if (trace != nullptr) write_trace(round, trace);
}

const bool added = [] {
  for (const char* model : {"squeezenet", "resnet50"}) {
    for (const bool overlapping : {false, true}) {
      const std::string name = std::string("overlap/") + model + (overlapping ? "/three_streams" : "/one_stream");
      benchmark::RegisterBenchmark(name.c_str(), overlap, model, overlapping)->UseRealTime()->Unit(benchmark::kMillisecond);
    }
  }
  return true;
}();

}  // namespace
}  // namespace staronnx
