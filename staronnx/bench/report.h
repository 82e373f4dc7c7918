// A comparison as machines and as people read it.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "staronnx/bench/comparison.h"

namespace staronnx {

// What has to be known to repeat a comparison.
struct Setting {
  std::string machine;
  std::string model;
  std::string command;
  std::string core_groups;                      // of StarONNX, as given
  std::string scheduler;                        // StarPU's policy
  std::map<std::string, std::string> versions;  // by name: "staronnx", "onnxruntime" ..
  std::vector<std::string> estimates = {};      // what stands in for measurements, in a simulation
};

// The fields are described in docs/benchmarking.md. Latencies of a point without any answer, and what was not measured, are null.
std::string to_json(const Setting& setting, const Comparison& comparison);

// Each request as a line of JSON: {"system", "seed", "rate_per_s", "intended_s", "sent_s", "finished_s", "latency_ms", "outcome"}.
std::string to_json_lines(const std::string& system, const Point& point, const Limits& limits, std::span<const Sample> samples);

// perf_analyzer's table, a row for each point, times in microseconds; of several systems with their names in a column before it.
std::string to_csv(const Comparison& comparison);

// Two tables for a terminal, the warnings and the conclusions.
std::string to_text(const Setting& setting, const Comparison& comparison);

// What the figures say, a sentence each: who holds the highest rate, serves the most, answers one request soonest, and the others in
// units of it, by medians over the seeds. Nothing is left out because it is unfavourable.
// Also: how much of the transfers between memories was hidden behind computation.
std::vector<std::string> conclusions(const Comparison& comparison);

// Why not to trust them, a sentence each: a machine that others used, a late generator, windows that did not agree, few answers.
std::vector<std::string> warnings(const Comparison& comparison);

// Of the time that transfers take by the links' speed, what did not keep a processor waiting.
double hidden_share(const Transfers& transfers);

}  // namespace staronnx
