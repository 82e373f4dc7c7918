#include "staronnx/bench/comparison.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "staronnx/bench/rates.h"
#include "staronnx/bench/threshold_search.h"

namespace staronnx {
namespace {

constexpr std::array kCurve = {0.25, 0.5, 0.75, 0.9};  // of the greatest saturated rate
constexpr std::size_t kSearchRounds = 4;               // 0.25 halved three times is within the resolution; then the confirmation
constexpr double kResolution = 0.04;                   // of the rate that the search begins at
constexpr double kMeasuring = 0.85;  // of a measurement's time; the rest is waking up and waiting for the last answers

template <class... Numbers>
std::string text(const char* format, Numbers... numbers) {
  std::array<char, 128> buffer{};
  std::snprintf(buffer.data(), buffer.size(), format, numbers...);
  return buffer.data();
}

// What is measured, and how often.
struct Course {
  explicit Course(const ComparisonOptions& options)
      : replayed(std::get_if<ReplayedArrivals>(&options.arrivals)),
        open(options.concurrency.empty()),
        lone(!options.slo.fixed || options.rates.asked),
        search(open && replayed == nullptr && options.rates.search),
        saturated(open && replayed == nullptr && options.rates.per_s.empty()) {
    if (!open) {
      loads = options.concurrency.size();
    } else if (replayed != nullptr) {
      loads = 1;
    } else if (saturated) {
      loads = options.rates.asked ? 1 : kCurve.size();
    } else {
      loads = options.rates.per_s.size();
      if (search && options.rates.ends_only) loads = std::min<std::size_t>(loads, 2);
    }
  }

  static std::size_t halvings(double ratio) { return static_cast<std::size_t>(std::ceil(std::log2(std::max(1.0, ratio)))); }

  // In a given range: halvings from the whole to the resolution, and the confirmation.
  std::size_t rounds(const ComparisonOptions& options) const {
    if (!search) return 0;
    if (saturated) return options.rates.asked ? 2 + halvings(1 / kResolution) : kSearchRounds;
    const double range = options.rates.per_s.back() - options.rates.per_s.front();
    const double resolution = options.rates.resolution_per_s.value_or(kResolution * options.rates.per_s.back());
    return 2 + halvings(range / resolution);
  }

  const ReplayedArrivals* replayed;
  bool open, lone, search, saturated;
  std::size_t loads = 0;
};

// One comparison on its way.
class Comparing {
 public:
  Comparing(const std::vector<std::unique_ptr<System>>& systems, const ComparisonOptions& options, LoadClock& clock,
            const Progress& progress, const Record& record)
      : systems_(systems), options_(options), clock_(clock), progress_(progress), record_(record), course_(options) {
    const std::size_t extremes = (course_.lone ? 1 : 0) + (course_.saturated ? 1 : 0);
    rounds_ = course_.rounds(options);
    measurements_ = options.seeds.size() * systems.size() * (extremes + course_.loads + rounds_);
    slot_ = options.duration ? *options.duration / kMeasuring : options.budget / static_cast<double>(measurements_);
    const double windows = options.stability ? static_cast<double>(kAgreeing) : 1;
    window_ = options.duration.value_or(kMeasuring * slot_ / windows);
    result_ = {
        .seeds = options.seeds, .arrivals = course_.open ? to_string(options.arrivals) : "closed loop", .slo = options.slo};
    result_.limits.percentile = options.percentile;
    result_.limits.deadline = options.deadline;
    for (const auto& system : systems) result_.systems.push_back({.name = system->name(), .by_seed = {}, .points = {}});
  }

  Result<Comparison> run() {
    for (std::size_t seed = 0; seed < options_.seeds.size(); ++seed)
      if (const Status measured = measure_extremes(options_.seeds[seed]); !measured) return measured.error();
    choose_slo();
    for (std::size_t seed = 0; seed < options_.seeds.size(); ++seed) {
      measure_curve(seed);
      if (course_.search) search_thresholds(seed);
    }
    for (std::size_t i = 0; i < systems_.size(); ++i) result_.systems[i].transfers = systems_[i]->transfers();
    for (SystemResult& system : result_.systems)
      std::ranges::stable_sort(system.points, {}, [](const Point& point) {
        return std::tuple(point.in_flight, point.in_flight > 0 ? 0 : point.rate_per_s, point.seed);
      });
    return std::move(result_);
  }

 private:
  void measured(std::size_t i, const std::string& what) {
    ++done_;
    const double done = static_cast<double>(done_) / static_cast<double>(measurements_);
    progress_(systems_[i]->name() + what, done, slot_ * static_cast<double>(measurements_ - done_));
  }

  // With what answers nothing, nothing else can be measured.
  Result<Point> closed(std::size_t i, int in_flight) {
    const Point point = closed_loop(*systems_[i], clock_, in_flight, window_, Limits{}).point;
    if (point.answered == 0) return Error{ErrorCode::unavailable, systems_[i]->name() + ": " + point.first_error};
    return point;
  }

  Status measure_extremes(unsigned seed) {
    for (SystemResult& system : result_.systems) system.by_seed.push_back({.seed = seed});
    for (std::size_t i = 0; course_.lone && i < systems_.size(); ++i) {
      const Result<Point> lone = closed(i, 1);
      if (!lone) return lone.error();
      result_.systems[i].by_seed.back().lone_p50 = lone->p50;
      measured(i, text(", one request at a time: p50 %.2f ms", Milliseconds(lone->p50).count()));
    }
    for (std::size_t i = 0; course_.saturated && i < systems_.size(); ++i) {
      const Result<Point> full = closed(i, options_.in_flight);
      if (!full) return full.error();
      result_.systems[i].by_seed.back().saturated_per_s = full->served_per_s;
      measured(i, text(", saturated: %.4g/s", full->served_per_s));
    }
    return {};
  }

  void choose_slo() {
    if (options_.slo.fixed) {
      result_.limits.slo = *options_.slo.fixed;
      return;
    }
    Microseconds fastest = Microseconds::max();
    for (const SystemResult& system : result_.systems)
      for (const SeedResult& seed : system.by_seed) fastest = std::min(fastest, *seed.lone_p50);
    result_.limits.slo = options_.slo.times_lone * fastest;
  }

  std::vector<double> curve(std::size_t seed) const {
    if (course_.replayed != nullptr) return {course_.replayed->rate_per_s()};
    const std::vector<double>& given = options_.rates.per_s;
    if (!given.empty()) return course_.loads == given.size() ? given : std::vector{given.front(), given.back()};
    if (options_.rates.asked) return {*options_.rates.asked};
    double greatest = 0;
    for (const SystemResult& system : result_.systems) greatest = std::max(greatest, *system.by_seed[seed].saturated_per_s);
    std::vector<double> rates;
    rates.reserve(kCurve.size());
    for (const double share : kCurve) rates.push_back(rounded_rate(share * greatest));
    return rates;
  }

  void measure_curve(std::size_t seed) {
    for (const int in_flight : options_.concurrency)
      for (std::size_t i = 0; i < systems_.size(); ++i) measure_closed(i, in_flight, seed);
    if (!course_.open) return;
    for (const double rate : curve(seed))
      for (std::size_t i = 0; i < systems_.size(); ++i) measure(i, rate, seed);
  }

  // One window, or as many as it takes until they agree.
  template <class Measure>
  Point settle(std::size_t i, std::size_t seed, const Measure& window_of) {
    std::vector<Window> windows;
    std::vector<Point> points;
    const auto most = static_cast<std::size_t>(options_.stability ? options_.stability->most_windows : 1);
    bool agreed = !options_.stability;
    for (unsigned trial = 0; trial < most && (trial == 0 || !agreed); ++trial) {
      windows.push_back(window_of(options_.seeds[seed] + 1000 * trial));
      points.push_back(windows.back().point);
      if (options_.stability) agreed = agree(points, options_.stability->allowed);
    }
    Window& chosen = windows[middle_of_last(points)];
    chosen.point.seed = options_.seeds[seed];
    chosen.point.stable = agreed;
    if (record_) record_(systems_[i]->name(), chosen.point, result_.limits, chosen.samples);
    result_.systems[i].points.push_back(chosen.point);
    return chosen.point;
  }

  Point measure(std::size_t i, double rate, std::size_t seed) {
    const Point point = settle(i, seed, [&](unsigned draw) {
      const std::vector<Seconds> arrivals = arrivals_of(options_.arrivals, rate, window_, draw);
      return open_loop(*systems_[i], clock_, rate, arrivals, window_, result_.limits);
    });
    measured(i, text(" at %.4g/s: p50 %.2f ms, p99 %.2f ms%s", rate, Milliseconds(point.p50).count(),
                     Milliseconds(point.p99).count(), point.held ? "" : ", not held"));
    return point;
  }

  void measure_closed(std::size_t i, int in_flight, std::size_t seed) {
    const Point point =
        settle(i, seed, [&](unsigned) { return closed_loop(*systems_[i], clock_, in_flight, window_, result_.limits); });
    measured(i, text(", %d in flight: %.4g/s, p50 %.2f ms, p99 %.2f ms", in_flight, point.served_per_s,
                     Milliseconds(point.p50).count(), Milliseconds(point.p99).count()));
  }

  ThresholdSearch search_of(const SystemResult& system, std::size_t seed) const {
    const double ceiling = course_.saturated ? *system.by_seed[seed].saturated_per_s : options_.rates.per_s.back();
    ThresholdSearch search(ceiling, options_.rates.resolution_per_s.value_or(kResolution * ceiling));
    for (const Point& point : system.points)
      if (point.seed == options_.seeds[seed]) search.record(point.rate_per_s, point.held);
    return search;
  }

  void search_thresholds(std::size_t seed) {
    std::vector<ThresholdSearch> searches;
    for (const SystemResult& system : result_.systems) searches.push_back(search_of(system, seed));
    for (std::size_t round = 0; round < rounds_; ++round)
      for (std::size_t i = 0; i < systems_.size(); ++i) search(i, seed, searches[i]);
    for (std::size_t i = 0; i < systems_.size(); ++i) {
      SeedResult& result = result_.systems[i].by_seed[seed];
      result.threshold_per_s = searches[i].threshold_per_s();
      result.generator_limited = late_where_it_failed(result_.systems[i], result);
    }
  }

  void search(std::size_t i, std::size_t seed, ThresholdSearch& search) {
    const double lowest = options_.rates.per_s.empty() ? 0 : options_.rates.per_s.front();
    if (const std::optional<double> rate = search.next(); rate && *rate >= lowest) {
      search.record(*rate, measure(i, *rate, seed).held);
    } else {
      ++done_;
    }
  }

  // At the smallest rate above the threshold.
  static bool late_where_it_failed(const SystemResult& system, const SeedResult& result) {
    const Point* failed = nullptr;
    for (const Point& point : system.points) {
      if (point.seed != result.seed || point.rate_per_s <= *result.threshold_per_s) continue;
      if (failed == nullptr || point.rate_per_s < failed->rate_per_s) failed = &point;
    }
    return failed != nullptr && failed->late_generator;
  }

  const std::vector<std::unique_ptr<System>>& systems_;
  const ComparisonOptions& options_;
  LoadClock& clock_;
  const Progress& progress_;
  const Record& record_;
  const Course course_;
  std::size_t rounds_ = 0;  // of the search
  std::size_t measurements_ = 0;
  std::size_t done_ = 0;
  Seconds slot_{};    // for a measurement
  Seconds window_{};  // of it
  Comparison result_;
};

}  // namespace

Result<Comparison> compare(const std::vector<std::unique_ptr<System>>& systems, const ComparisonOptions& options,
                           LoadClock& clock, const Progress& progress, const Record& record) {
  return Comparing(systems, options, clock, progress, record).run();
}

}  // namespace staronnx
