#include "staronnx/serve/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "staronnx/serve/latency_summaries.h"

namespace staronnx {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

template <class Duration>
double count_of(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, typename Duration::period>(time).count();
}

class Families {
 public:
  MetricFamily& counter(const char* name, const char* help) { return add(name, help, MetricType::Counter); }
  MetricFamily& summary(const std::string& name, const char* help) { return add(name, help, MetricType::Summary); }
  MetricFamily& gauge(const char* name, const char* help) { return add(name, help, MetricType::Gauge); }
  std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  MetricFamily& add(const std::string& name, const char* help, MetricType type) {
    return families_.emplace_back(MetricFamily{name, help, type, {}});
  }

  std::vector<MetricFamily> families_;
};

void put(MetricFamily& family, Labels labels, double value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  (family.type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  family.metric.push_back(std::move(metric));
}

// A model at the moment of the call.
struct Seen {
  std::shared_ptr<ServedModel> model;
  StatisticsSnapshot statistics;
  Seconds load_time{};

  Labels labels() const {
    Labels labels = {{"model", model->name()}, {"version", std::to_string(model->version())}};
    for (const auto& [name, value] : model->settings().metric_tags) labels.push_back({name, value});
    return labels;
  }
};

std::vector<Seen> see(const Catalog& catalog) {
  std::vector<Seen> all;
  for (const ModelStatus& status : catalog.index()) {
    if (const auto model = catalog.find(status.name, status.version))
      all.push_back({*model, (*model)->statistics().snapshot(), status.load_time});
  }
  return all;
}

void put_counts(Families& families, const std::vector<Seen>& models) {
  const auto each = [&](const char* name, const char* help, const auto& value) {
    MetricFamily& family = families.counter(name, help);
    for (const Seen& seen : models) put(family, seen.labels(), value(seen.statistics));
  };
  using Statistics = StatisticsSnapshot;
  const auto us = [](std::chrono::nanoseconds time) { return count_of<std::chrono::microseconds>(time); };
  each("nv_inference_request_success", "Requests that were answered with a result",
       [](const Statistics& s) { return static_cast<double>(s.success.count); });
  each("nv_inference_count", "Inferences: every element of a request's batch counts",
       [](const Statistics& s) { return static_cast<double>(s.inferences); });
  each("nv_inference_exec_count", "Executions of the model: requests that ran as one count once",
       [](const Statistics& s) { return static_cast<double>(s.executions()); });
  each("nv_inference_request_duration_us", "Time of requests from arrival to answer, added up, in microseconds",
       [&](const Statistics& s) { return us(s.success.total); });
  each("nv_inference_queue_duration_us", "Time that requests waited, in microseconds",
       [&](const Statistics& s) { return us(s.queue.total); });
  each("nv_inference_compute_input_duration_us", "Time for checking and moving inputs, in microseconds",
       [&](const Statistics& s) { return us(s.compute_input.total); });
  each("nv_inference_compute_infer_duration_us", "Time that segments ran, in microseconds",
       [&](const Statistics& s) { return us(s.compute_infer.total); });
  each("nv_inference_compute_output_duration_us", "Time for handing out outputs, in microseconds",
       [&](const Statistics& s) { return us(s.compute_output.total); });
}

// Nothing where they are not kept.
void put_summaries(Families& families, const std::vector<Seen>& models) {
  for (std::size_t part = 0; part < LatencySummaries::kParts.size(); ++part) {
    MetricFamily* family = nullptr;
    for (const Seen& seen : models) {
      const LatencySummaries* summaries = std::as_const(*seen.model).statistics().summaries();
      if (summaries == nullptr) continue;
      if (family == nullptr)
        family = &families.summary("nv_inference_" + std::string(LatencySummaries::kParts[part]) + "_summary_us",
                                   "Time of requests of the last minute, in microseconds, by quantile");
      const LatencySummaries::Reading reading = summaries->read()[part];
      ClientMetric metric;
      metric.label = seen.labels();
      metric.summary.sample_count = reading.count;
      metric.summary.sample_sum = reading.sum;
      for (const auto& [quantile, value] : reading.quantiles) metric.summary.quantile.push_back({quantile, value});
      family->metric.push_back(std::move(metric));
    }
  }
}

void put_failures(Families& families, const std::vector<Seen>& models) {
  MetricFamily& family = families.counter("nv_inference_request_failure", "Requests that were answered with an error, by reason");
  for (const Seen& seen : models) {
    for (const auto& [reason, count] : seen.statistics.failures) {
      Labels labels = seen.labels();
      labels.push_back({"reason", std::string(to_string(reason))});
      put(family, std::move(labels), static_cast<double>(count));
    }
  }
}

void put_states(Families& families, const std::vector<Seen>& models) {
  MetricFamily& pending = families.gauge("nv_inference_pending_request_count", "Requests accepted and not yet answered");
  for (const Seen& seen : models) put(pending, seen.labels(), static_cast<double>(seen.statistics.pending));
  MetricFamily& load = families.gauge("nv_model_load_duration_secs", "How long loading the model took, in seconds");
  for (const Seen& seen : models) put(load, seen.labels(), seen.load_time.count());
  MetricFamily& wait = families.gauge("staronnx_expected_wait_seconds", "How long a request that came now would wait");
  for (const Seen& seen : models) put(wait, seen.labels(), Seconds(seen.model->expected_wait()).count());
}

void put_segments(Families& families, const std::vector<Seen>& models) {
  const auto each = [&](const char* name, const char* help, const auto& value) {
    MetricFamily& family = families.counter(name, help);
    for (const Seen& seen : models) {
      for (const auto& [where, use] : seen.statistics.segments) {
        Labels labels = seen.labels();
        labels.push_back({"variant", where.variant});
        labels.push_back({"segment", std::to_string(where.segment + 1)});
        labels.push_back({"processor", seen.model->processors()[static_cast<std::size_t>(where.place)]});
        put(family, std::move(labels), value(use));
      }
    }
  };
  each("staronnx_segment_requests_total", "Requests whose segment ran on a processor",
       [](const SegmentUse& use) { return static_cast<double>(use.requests); });
  each("staronnx_segment_busy_seconds_total", "Time that a processor ran a segment; what ran as one counts once",
       [](const SegmentUse& use) { return count_of<Seconds>(use.busy); });
  each("staronnx_segment_transfer_seconds_total", "Time for moving a segment's data to a processor's memory and back",
       [](const SegmentUse& use) { return count_of<Seconds>(use.transfer); });
}

void put_allowances(Families& families, const Allowance& bytes, const Allowance& connections) {
  put(families.gauge("staronnx_in_flight_bytes", "Bytes of requests, and of answers over gRPC, that the server holds"), {},
      static_cast<double>(bytes.taken()));
  put(families.gauge("staronnx_http_connections", "Connections over HTTP"), {}, static_cast<double>(connections.taken()));
  MetricFamily& refused =
      families.counter("staronnx_refused_total", "Requests and connections beyond what the server takes on at once");
  put(refused, {{"limit", "bytes"}}, static_cast<double>(bytes.refused()));
  put(refused, {{"limit", "connections"}}, static_cast<double>(connections.refused()));
}

void put_memory(Families& families) {
  const auto page = static_cast<double>(sysconf(_SC_PAGESIZE));
  const double total = static_cast<double>(sysconf(_SC_PHYS_PAGES)) * page;
  put(families.gauge("nv_cpu_memory_total_bytes", "Memory of the machine"), {}, total);
  put(families.gauge("nv_cpu_memory_used_bytes", "Memory of the machine that is not free"), {},
      total - static_cast<double>(sysconf(_SC_AVPHYS_PAGES)) * page);
}

void put_gpus(Families& families, const std::vector<GpuReading>& gpus) {
  const auto each = [&](const char* name, const char* help, const auto& value) {
    MetricFamily& family = families.gauge(name, help);
    for (const GpuReading& gpu : gpus) put(family, {{"gpu_uuid", gpu.uuid}}, value(gpu));
  };
  each("nv_gpu_utilization", "Share of the time that the GPU was busy, by its driver",
       [](const GpuReading& gpu) { return gpu.utilization; });
  each("nv_gpu_memory_total_bytes", "Memory of the GPU",
       [](const GpuReading& gpu) { return static_cast<double>(gpu.memory_total.count); });
  each("nv_gpu_memory_used_bytes", "Memory of the GPU that is not free",
       [](const GpuReading& gpu) { return static_cast<double>(gpu.memory_used.count); });
  each("nv_gpu_power_usage", "Power that the GPU takes, in watts", [](const GpuReading& gpu) { return gpu.power_watts; });
  each("nv_gpu_power_limit", "Power that the GPU may take, in watts",
       [](const GpuReading& gpu) { return gpu.power_limit_watts; });
}

}  // namespace

Metrics::Metrics(const Server& server, const Allowance& connections)
    : server_(server), connections_(connections), gpus_(GpuMonitor::open()), last_(processor_time().value_or(ProcessorTime())) {}

std::string Metrics::text() {
  Families families;
  const std::vector<Seen> models = see(server_.catalog());
  put_counts(families, models);
  put_summaries(families, models);
  put_failures(families, models);
  put_states(families, models);
  put_segments(families, models);
  put_allowances(families, server_.bytes_in_flight(), connections_);
  put(families.counter("staronnx_trace_dropped_spans_total", "Spans of traces that were lost, not taken by collector or disk"),
      {}, static_cast<double>(server_.tracer().dropped_spans()));
  put(families.gauge("nv_cpu_utilization", "Share of the machine's cores that were busy since the last reading"), {},
      cores_busy());
  put_memory(families);
  if (gpus_) put_gpus(families, gpus_->read());
  return families.text();
}

double Metrics::cores_busy() {
  const ProcessorTime now = processor_time().value_or(ProcessorTime());
  const std::lock_guard lock(mutex_);
  const ProcessorTime before = std::exchange(last_, now);
  const Seconds total = now.total - before.total;
  // The kernel's counts may go back a little.
  return total.count() > 0 ? std::clamp((now.busy - before.busy) / total, 0.0, 1.0) : 0;
}

}  // namespace staronnx
