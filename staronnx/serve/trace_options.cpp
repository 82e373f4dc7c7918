#include "staronnx/serve/trace_options.h"

#include <charconv>
#include <limits>
#include <utility>
#include <vector>

namespace staronnx {
namespace {

constexpr std::uint32_t kMostSpans = 1'000'000;  // that wait for the collector

Error invalid(const std::string& message) {
  return {ErrorCode::invalid_argument, message};
}

template <class Number>
Result<Number> number_of(const std::string& setting, const std::string& text, Number least) {
  Number number{};
  const char* end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, number);
  if (problem != std::errc() || stop != end || number < least)
    return invalid("'" + setting + "' must be a whole number from " + std::to_string(least) + " to " +
                   std::to_string(std::numeric_limits<Number>::max()) + ", not '" + text + "'");
  return number;
}

template <class Value>
Status take(Value& setting, const Result<Value>& value) {
  if (!value) return value.error();
  setting = *value;
  return {};
}

Status take_spans(std::size_t& setting, const std::string& name, const std::string& text) {
  const Result<std::uint32_t> number = trace_number(name, text);
  if (!number) return number.error();
  if (*number == 0 || *number > kMostSpans) return invalid("'" + name + "' must be from 1 to " + std::to_string(kMostSpans));
  setting = *number;
  return {};
}

Status take_mode(TraceMode& mode, const std::string& text) {
  if (text != "triton" && text != "opentelemetry")
    return invalid("'mode' must be triton, which writes a file, or opentelemetry, which sends to a collector, not '" + text +
                   "'");
  mode = text == "triton" ? TraceMode::triton : TraceMode::opentelemetry;
  return {};
}

Result<CollectorAddress> address_of(const std::string& url) {
  CollectorAddress address;
  std::string rest = url;
  for (const char* scheme : {"http", "https"}) {
    const std::string begin = std::string(scheme) + "://";
    if (!url.starts_with(begin)) continue;
    rest.erase(0, begin.size());
    address.scheme = scheme;
  }
  if (const std::size_t slash = rest.find('/'); slash != std::string::npos) {
    address.target = rest.substr(slash);
    rest.resize(slash);
  }
  const std::size_t colon = rest.rfind(':');
  if (colon != std::string::npos && rest.find(']', colon) == std::string::npos) {
    address.port = rest.substr(colon + 1);
    rest.resize(colon);
  }
  if (rest.starts_with('[') && rest.ends_with(']')) rest = rest.substr(1, rest.size() - 2);  // IPv6
  address.host = rest;
  const Result<std::uint32_t> port = number_of<std::uint32_t>("url", address.port, 1);
  if (address.host.empty() || !port || *port > std::numeric_limits<std::uint16_t>::max())
    return invalid("'" + url + "' is no address of a collector, such as " + CollectorAddress().url());
  return address;
}

Status take_resource(std::map<std::string, std::string>& resource, const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos)
    return invalid("'resource' is written resource=KEY=VALUE, such as resource=service.name=staronnx, not '" + text + "'");
  resource[text.substr(0, equals)] = text.substr(equals + 1);
  return {};
}

Status take_delay(Milliseconds& delay, const std::string& name, const std::string& text) {
  const Result<std::uint32_t> number = trace_number(name, text);
  if (!number) return number.error();
  delay = Milliseconds(*number);
  return {};
}

// What one text says. `levels`: those that were said.
Status take(TraceOptions& options, std::vector<std::string>& levels, const std::string& name, const std::string& value) {
  CollectorOptions& collector = options.collector;
  if (name == "level") return levels.push_back(value), take(options.settings.timestamps, timestamps_of(levels));
  if (name == "rate") return take(options.settings.rate, trace_number(name, value));
  if (name == "count") return take(options.settings.count, trace_count(name, value));
  if (name == "mode") return take_mode(options.mode, value);
  if (name == "triton,file") return options.file = value, Status();
  if (name == "triton,log-frequency") return take(options.settings.log_frequency, trace_number(name, value));
  if (name == "opentelemetry,url") return take(collector.address, address_of(value));
  if (name == "opentelemetry,certificate") return collector.authorities = value, Status();
  if (name == "opentelemetry,resource") return take_resource(collector.resource, value);
  if (name == "opentelemetry,bsp_max_queue_size") return take_spans(collector.queue, name, value);
  if (name == "opentelemetry,bsp_max_export_batch_size") return take_spans(collector.batch, name, value);
  if (name == "opentelemetry,bsp_schedule_delay") return take_delay(collector.delay, name, value);
  return invalid("there is no setting '" + name +
                 "'; there are level, rate, count, mode, triton,file, triton,log-frequency, opentelemetry,url, "
                 "opentelemetry,certificate, opentelemetry,resource, opentelemetry,bsp_max_queue_size, "
                 "opentelemetry,bsp_max_export_batch_size and opentelemetry,bsp_schedule_delay");
}

}  // namespace

std::string_view to_string(TraceMode mode) {
  return mode == TraceMode::triton ? "triton" : "opentelemetry";
}

std::string CollectorAddress::url() const {
  return scheme + "://" + (host.find(':') == std::string::npos ? host : '[' + host + ']') + ':' + port + target;
}

Result<TraceOptions> TraceOptions::parse(std::span<const std::string> texts) {
  TraceOptions options;
  std::vector<std::string> levels;
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos)
      return invalid("'" + text +
                     "': a setting is written SETTING=VALUE or MODE,SETTING=VALUE, such as rate=100 or triton,file=F");
    if (Status taken = take(options, levels, text.substr(0, equals), text.substr(equals + 1)); !taken) return taken.error();
  }
  if (options.settings.timestamps && options.mode == TraceMode::triton && options.file.empty())
    return invalid("level=TIMESTAMPS needs a place for traces: triton,file=FILE, or mode=opentelemetry for a collector");
  if (!options.collector.authorities.empty() && options.collector.address.scheme != "https")
    return invalid("opentelemetry,certificate is for collectors whose opentelemetry,url begins with https://");
  if (options.collector.batch > options.collector.queue)
    return invalid("bsp_max_export_batch_size must not be above bsp_max_queue_size");
  return options;
}

Result<bool> timestamps_of(std::span<const std::string> levels) {
  for (const std::string& level : levels) {
    if (level == "TENSORS")
      return Error{ErrorCode::unsupported, "the trace level TENSORS is not supported: traces have no tensors; use TIMESTAMPS"};
    if (level != "OFF" && level != "TIMESTAMPS")
      return invalid("there is no trace level '" + level + "'; there are OFF and TIMESTAMPS");
    if (level == "OFF" && levels.size() > 1) return invalid("the trace level OFF must stand alone");
  }
  return !levels.empty() && levels.front() == "TIMESTAMPS";
}

Result<std::uint32_t> trace_number(const std::string& setting, const std::string& text) {
  return number_of<std::uint32_t>(setting, text, 0);
}

Result<std::int32_t> trace_count(const std::string& setting, const std::string& text) {
  return number_of<std::int32_t>(setting, text, -1);
}

}  // namespace staronnx
