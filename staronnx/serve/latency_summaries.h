// Quantiles of what a model's requests of the last minute took. Thread-safe. Private to this room.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "staronnx/serve/model_statistics.h"
#include "staronnx/serve/summary_options.h"

namespace staronnx {

class LatencySummaries {
 public:
  explicit LatencySummaries(const std::vector<Quantile>& quantiles);
  ~LatencySummaries();

  void observe(const InferenceTimes& times);

  // Of one part of requests' time, in microseconds. Count and sum are of all requests.
  struct Reading {
    std::uint64_t count = 0;
    double sum = 0;
    std::vector<std::pair<double, double>> quantiles;  // and their values
  };
  // By kParts.
  std::vector<Reading> read() const;

  static constexpr std::array kParts = {"request", "queue", "compute_input", "compute_infer", "compute_output"};

 private:
  struct Summaries;
  std::unique_ptr<Summaries> summaries_;
};

}  // namespace staronnx
