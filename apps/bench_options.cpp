#include "apps/bench_options.h"

#include <array>
#include <cmath>
#include <cstdio>

#include "apps/run_request.h"
#include "staronnx/base/read_file.h"
#include "staronnx/bench/rates.h"
#include "staronnx/bench/request_data.h"

namespace staronnx::apps {
namespace {

Result<std::string> content_of(const std::string& option, const std::string& file) {
  std::optional<std::string> content = read_file(file);
  if (!content) return Error{ErrorCode::not_found, option + " " + file + ": the file cannot be read"};
  return *std::move(content);
}

Status set_rates(const BenchOptions& options, RatePlan& rates) {
  if (options.rates == "auto") return {};
  Result<std::vector<double>> given = parse_range("--rates", options.rates);
  if (!given) return given.error();
  rates.search = rates.ends_only = options.binary_search;
  if (rates.search && given->size() < 2)
    return Error{ErrorCode::invalid_argument,
                 "--binary-search has nothing to search in '" + options.rates + "'; write FIRST:LAST:STEP"};
  if (rates.search) rates.resolution_per_s = (*given)[1] - (*given)[0];
  rates.per_s = *std::move(given);
  return {};
}

Status set_concurrency(const BenchOptions& options, std::vector<int>& concurrency) {
  if (options.concurrency.empty()) return {};
  const Result<std::vector<double>> given = parse_range("--concurrency-range", options.concurrency);
  if (!given) return given.error();
  for (const double number : *given) {
    if (number != std::floor(number) || number > 100'000)
      return Error{ErrorCode::invalid_argument,
                   "--concurrency-range '" + options.concurrency + "': so many requests cannot be in flight"};
    concurrency.push_back(static_cast<int>(number));
  }
  return {};
}

void add_text(const char* option, const std::string& value, std::string& command) {
  if (!value.empty()) command += std::string(" ") + option + " " + value;
}

void add_number(const char* option, const std::optional<double>& value, std::string& command) {
  if (!value) return;
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), " %s %.6g", option, *value);
  command += text.data();
}

void add_load(const BenchOptions& options, std::string& command) {
  if (!options.concurrency.empty()) return add_text("--concurrency-range", options.concurrency, command);
  if (!options.arrivals.intervals.empty()) return add_text("--request-intervals", options.arrivals.intervals, command);
  add_text("--rates", options.rates, command);
  add_text("--request-distribution", options.arrivals.distribution, command);
  if (options.binary_search) command += " --binary-search";
}

void add_place(const BenchOptions& options, std::string& command) {
  add_text("--model", options.model, command);
  for (const std::string& shape : options.shapes) add_text("--shape", shape, command);
  for (const std::string& input : options.inputs) add_text("--input", input, command);
  if (options.inputs.empty()) add_text("--input-data", options.input_data, command);
  if (options.connections > 0) add_text("--connections", std::to_string(options.connections), command);
  if (!options.servers()) command += " --core-groups " + options.runtime.groups() + " --scheduler " + options.runtime.scheduler;
  if (options.runtime.gpus != "all") command += " --gpus " + options.runtime.gpus;
  if (options.runtime.tensorrt) command += " --tensorrt";
  if (options.runtime.nodes > 0)
    command += " --nodes " + std::to_string(options.runtime.nodes) + " --listen " + options.runtime.listen;
  add_text("--reserve-cores", options.here.reserved_cores, command);
}

}  // namespace

void BenchOptions::add_to(CLI::App& verb) {
  verb.add_option("PLAN|URL", targets, "The directory of a plan, or servers, http://HOST:PORT or grpc://HOST:PORT")->required();
  verb.add_option("--model", model, "The model to ask the servers for (any that speaks the KServe v2 protocol)");
  verb.add_option("--shape", shapes, "INPUT:1x3x224x224, for each of that model's dynamic inputs");
  CLI::Option* files = verb.add_option("--input", inputs, "A tensor file, .npy or .pb: FILE in the model's order, or NAME=FILE");
  verb.add_option("--input-data", input_data,
                  "random (floats from a standard normal distribution, integers 1), zero, or a JSON file as perf_analyzer has it")
      ->capture_default_str()
      ->excludes(files);
  CLI::Option* rate =
      verb.add_option("--rates,--request-rate-range", rates,
                      "Rates in requests/s, FIRST:LAST:STEP; or auto: a curve, and a search for the congestion threshold");
  rate->capture_default_str();
  verb.add_flag("--binary-search", binary_search, "Search for the congestion threshold between FIRST and LAST, to STEP")
      ->needs(rate);
  const auto [law, replayed] = arrivals.add_to(verb, rate);
  verb.add_option("--concurrency-range", concurrency, "Closed loop instead: requests in flight, FIRST:LAST:STEP")
      ->excludes(rate)
      ->excludes(law)
      ->excludes(replayed);
  verb.add_option("-l,--slo,--latency-threshold", slo,
                  "Limit of latency: a time (80ms, or 80), or times the smallest lone p50 (3x)")
      ->capture_default_str();
  verb.add_option("--percentile", percentile, "Of the latencies, that is to be within the limit")
      ->check(CLI::Range(1.0, 100.0))
      ->capture_default_str();
  verb.add_option("--deadline", deadline_ms, "Milliseconds after which an answer is late; servers are told (parameter timeout)")
      ->check(CLI::PositiveNumber);
  CLI::Option* duration = verb.add_option("--duration", duration_s, "Seconds of each measurement (default: from --budget)");
  duration->check(CLI::PositiveNumber);
  CLI::Option* window = verb.add_option("-p,--measurement-interval", interval_ms, "The same in milliseconds");
  window->check(CLI::PositiveNumber)->excludes(duration);
  verb.add_option("--budget", budget_s, "Seconds for the whole comparison")
      ->check(CLI::PositiveNumber)
      ->capture_default_str()
      ->excludes(duration)
      ->excludes(window);
  CLI::Option* stability = verb.add_option("-s,--stability-percentage", stability_percentage,
                                           "Repeat each measurement until the last three agree within this percentage");
  stability->check(CLI::PositiveNumber);
  verb.add_option("-r,--max-trials", max_trials, "How often at most")
      ->check(CLI::PositiveNumber)
      ->capture_default_str()
      ->needs(stability);
  verb.add_option("--seed", seed, "Seed of the arrivals and the inputs")->capture_default_str();
  verb.add_option("--seeds", seeds, "Measure all with so many seeds, from --seed on; report medians and intervals")
      ->check(CLI::Range(1U, 1000U))
      ->capture_default_str();
  verb.add_option("--connections", connections, "To each server, at most (default: 1024 over HTTP, 4 over gRPC)")
      ->check(CLI::Range(1U, 60'000U));
  here.add_to(verb);
  runtime.add_to(verb);
  verb.add_option("-o,--output", output, "Write the result as JSON to this file, too");
  verb.add_option("-f,--csv", csv, "Write the points to this file, in perf_analyzer's columns");
  verb.add_option("--requests-out", requests_out, "Write every request of the points to this file, a line of JSON each");
  verb.add_flag("--json", json, "Print the result as JSON");
}

Result<ComparisonOptions> BenchOptions::comparison() const {
  ComparisonOptions comparison;
  comparison.seeds.resize(seeds);
  for (unsigned i = 0; i < seeds; ++i) comparison.seeds[i] = seed + i;
  Result<ArrivalProcess> process = arrivals.process();
  if (!process) return process.error();
  comparison.arrivals = *std::move(process);
  if (Status set = set_rates(*this, comparison.rates); !set) return set.error();
  if (Status set = set_concurrency(*this, comparison.concurrency); !set) return set.error();
  const Result<Slo> limit = parse_slo(slo);
  if (!limit) return limit.error();
  comparison.slo = *limit;
  comparison.percentile = percentile;
  if (deadline_ms) comparison.deadline = Milliseconds(*deadline_ms);
  if (duration_s) comparison.duration = Seconds(*duration_s);
  if (interval_ms) comparison.duration = Milliseconds(*interval_ms);
  comparison.budget = Seconds(budget_s);
  if (stability_percentage) comparison.stability = Stability{*stability_percentage / 100, max_trials};
  return comparison;
}

RemoteOptions BenchOptions::remote() const {
  RemoteOptions remote{.connections = connections};
  if (deadline_ms) remote.deadline = Milliseconds(*deadline_ms);
  return remote;
}

std::string BenchOptions::command() const {
  std::string command = "staronnx bench";
  for (const std::string& target : targets) command += " " + target;
  command += " --seed " + std::to_string(seed) + " --seeds " + std::to_string(seeds);
  add_load(*this, command);
  add_text("--slo", slo, command);
  add_number("--percentile", percentile, command);
  add_number("--deadline", deadline_ms, command);
  add_number("--duration", duration_s, command);
  add_number("--measurement-interval", interval_ms, command);
  if (!duration_s && !interval_ms) add_number("--budget", budget_s, command);
  add_number("--stability-percentage", stability_percentage, command);
  if (stability_percentage) add_number("--max-trials", max_trials, command);
  add_place(*this, command);
  return command;
}

Result<Requests> requests_for(const Signature& signature, const ShapesByName& given, const BenchOptions& options) {
  if (!options.inputs.empty()) {
    Result<std::vector<Tensor>> tensors = read_inputs(signature, options.inputs);
    if (!tensors) return tensors.error();
    return Requests{*std::move(tensors)};
  }
  if (options.input_data != "random" && options.input_data != "zero") {
    const Result<std::string> content = content_of("--input-data", options.input_data);
    if (!content) return content.error();
    Result<Requests> requests = requests_in(*content, signature, given);
    if (!requests) return with_context(options.input_data, requests.error());
    return requests;
  }
  const Result<std::vector<Shape>> shapes = concrete_shapes(signature, given);
  if (!shapes) return shapes.error();
  return Requests{options.input_data == "zero" ? zero_inputs(signature, *shapes)
                                               : random_inputs(signature, *shapes, options.seed)};
}

}  // namespace staronnx::apps
