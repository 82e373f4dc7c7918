#include "staronnx/bench/comparison.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "staronnx/bench/arrivals.h"
#include "staronnx/bench/rates.h"
#include "staronnx/bench/threshold_search.h"

namespace staronnx {
namespace {

constexpr std::array kCurve = {0.25, 0.5, 0.75, 0.9};  // of the greatest saturated rate
constexpr std::size_t kSearchRounds = 4;               // 0.25 halved three times is within the resolution; then the confirmation
constexpr double kResolution = 0.04;                   // of the saturated rate
constexpr double kMeasuring = 0.85;  // of a measurement's time; the rest is waking up and waiting for the last answers

template <class... Numbers>
std::string text(const char* format, Numbers... numbers) {
  std::array<char, 128> buffer{};
  std::snprintf(buffer.data(), buffer.size(), format, numbers...);
  return buffer.data();
}

// One comparison on its way.
class Course {
 public:
  Course(const std::vector<std::unique_ptr<System>>& systems, const std::vector<Tensor>& inputs, const ComparisonOptions& options,
         LoadClock& clock, const Progress& progress)
      : systems_(systems), inputs_(inputs), options_(options), clock_(clock), progress_(progress) {
    const std::size_t rates = options.rates_per_s.empty() ? kCurve.size() : options.rates_per_s.size();
    measurements_ = systems.size() * (2 + rates + kSearchRounds);
    slot_ = options.duration ? *options.duration / kMeasuring : options.budget / static_cast<double>(measurements_);
    result_.seed = options.seed;
    for (const auto& system : systems) result_.systems.push_back({.name = system->name(), .transfers = {}, .points = {}});
  }

  Result<Comparison> run() {
    if (const Status measured = measure_extremes(); !measured) return measured.error();
    choose_slo();
    measure_curve();
    search_thresholds();
    for (std::size_t i = 0; i < systems_.size(); ++i) result_.systems[i].transfers = systems_[i]->transfers();
    for (SystemResult& system : result_.systems)
      std::stable_sort(system.points.begin(), system.points.end(),
                       [](const Point& a, const Point& b) { return a.rate_per_s < b.rate_per_s; });
    return std::move(result_);
  }

 private:
  Seconds duration() const { return kMeasuring * slot_; }

  void measured(std::size_t i, const std::string& what) {
    ++done_;
    const double done = static_cast<double>(done_) / static_cast<double>(measurements_);
    progress_(systems_[i]->name() + what, done, slot_ * static_cast<double>(measurements_ - done_));
  }

  Status measure_extremes() {
    for (std::size_t i = 0; i < systems_.size(); ++i) {
      const Result<ClosedLoop> lone = closed_loop(*systems_[i], clock_, inputs_, 1, duration());
      if (!lone) return lone.error();
      result_.systems[i].lone_p50 = lone->p50;
      measured(i, text(", one request at a time: p50 %.2f ms", Milliseconds(lone->p50).count()));
    }
    for (std::size_t i = 0; i < systems_.size(); ++i) {
      const Result<ClosedLoop> full = closed_loop(*systems_[i], clock_, inputs_, options_.in_flight, duration());
      if (!full) return full.error();
      result_.systems[i].saturated_per_s = full->served_per_s;
      measured(i, text(", saturated: %.4g/s", full->served_per_s));
    }
    return {};
  }

  void choose_slo() {
    const auto fastest = std::min_element(result_.systems.begin(), result_.systems.end(),
                                          [](const auto& a, const auto& b) { return a.lone_p50 < b.lone_p50; });
    result_.slo_chosen = options_.slo.has_value();
    result_.slo = options_.slo.value_or(kDefaultSlo * fastest->lone_p50);
  }

  std::vector<double> curve() const {
    if (!options_.rates_per_s.empty()) return options_.rates_per_s;
    double greatest = 0;
    for (const SystemResult& system : result_.systems) greatest = std::max(greatest, system.saturated_per_s);
    std::vector<double> rates;
    rates.reserve(kCurve.size());
    for (const double share : kCurve) rates.push_back(rounded_rate(share * greatest));
    return rates;
  }

  void measure_curve() {
    for (const double rate : curve())
      for (std::size_t i = 0; i < systems_.size(); ++i) measure(i, rate);
  }

  Point measure(std::size_t i, double rate) {
    const std::vector<Seconds> arrivals = poisson_arrivals(rate, duration(), options_.seed);
    const Point point = open_loop(*systems_[i], clock_, inputs_, rate, arrivals, duration(), result_.slo);
    result_.systems[i].points.push_back(point);
    measured(i, text(" at %.4g/s: p50 %.2f ms, p99 %.2f ms%s", rate, Milliseconds(point.p50).count(),
                     Milliseconds(point.p99).count(), point.held ? "" : ", not held"));
    return point;
  }

  void search_thresholds() {
    std::vector<ThresholdSearch> searches;
    for (const SystemResult& system : result_.systems) {
      searches.emplace_back(system.saturated_per_s, kResolution * system.saturated_per_s);
      for (const Point& point : system.points) searches.back().record(point.rate_per_s, point.held);
    }
    for (std::size_t round = 0; round < kSearchRounds; ++round)
      for (std::size_t i = 0; i < systems_.size(); ++i) search(i, searches[i]);
    for (std::size_t i = 0; i < systems_.size(); ++i) result_.systems[i].threshold_per_s = searches[i].threshold_per_s();
  }

  void search(std::size_t i, ThresholdSearch& search) {
    if (const std::optional<double> rate = search.next()) {
      search.record(*rate, measure(i, *rate).held);
    } else {
      ++done_;
    }
  }

  const std::vector<std::unique_ptr<System>>& systems_;
  const std::vector<Tensor>& inputs_;
  const ComparisonOptions& options_;
  LoadClock& clock_;
  const Progress& progress_;
  std::size_t measurements_ = 0;
  std::size_t done_ = 0;
  Seconds slot_{};
  Comparison result_;
};

}  // namespace

Result<Comparison> compare(const std::vector<std::unique_ptr<System>>& systems, const std::vector<Tensor>& inputs,
                           const ComparisonOptions& options, LoadClock& clock, const Progress& progress) {
  return Course(systems, inputs, options, clock, progress).run();
}

}  // namespace staronnx
