// A comparison as machines and as people read it.
#pragma once

#include <map>
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

// {"machine", "model", "seed", "systems": [{"name", "threshold_per_s", "saturated_per_s", "points": [{"rate_per_s", "served_per_s",
// "p50_ms", "p90_ms", "p95_ms", "p99_ms", "late_generator", ..}], ..}], ..}. Latencies of a point without any answer are null.
std::string to_json(const Setting& setting, const Comparison& comparison);

// Two tables for a terminal, the warnings and the conclusions.
std::string to_text(const Setting& setting, const Comparison& comparison);

// What the figures say, a sentence each: who holds the highest rate, serves the most, answers one request soonest, and the others in
// units of it. Nothing is left out because it is unfavourable.
// Also: how much of the transfers between memories was hidden behind computation.
std::vector<std::string> conclusions(const Comparison& comparison);

// Why not to trust them, a sentence each: a machine that others used, a late generator, few answers.
std::vector<std::string> warnings(const Comparison& comparison);

}  // namespace staronnx
