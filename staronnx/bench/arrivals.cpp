#include "staronnx/bench/arrivals.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <numeric>
#include <optional>
#include <random>

namespace staronnx {
namespace {

using Random = std::mt19937_64;

constexpr Microseconds kLongestGap = std::chrono::hours(1);
constexpr Microseconds kShortestMeanGap{1};

// The standard library's distributions differ between libraries; these give the same numbers everywhere.
double uniform(Random& random) {
  return static_cast<double>(random() >> 11) * 0x1p-53;
}

double exponential(Random& random, double mean) {
  return -mean * std::log1p(-uniform(random));
}

std::size_t count_of(double rate_per_s, Seconds duration) {
  return static_cast<std::size_t>(std::max(1.0, std::round(rate_per_s * duration.count())));
}

std::vector<double> sorted_uniforms(std::size_t count, Random& random) {
  std::vector<double> values(count);
  for (double& value : values) value = uniform(random);
  std::sort(values.begin(), values.end());
  return values;
}

std::vector<Seconds> draw(const PoissonArrivals&, double rate_per_s, Seconds duration, unsigned seed) {
  Random random(seed);
  std::vector<Seconds> arrivals;
  for (const double share : sorted_uniforms(count_of(rate_per_s, duration), random)) arrivals.push_back(duration * share);
  return arrivals;
}

std::vector<Seconds> draw(const ConstantArrivals&, double rate_per_s, Seconds duration, unsigned /*seed*/) {
  std::vector<Seconds> arrivals(count_of(rate_per_s, duration));
  for (std::size_t i = 0; i < arrivals.size(); ++i)
    arrivals[i] = duration * (static_cast<double>(i) / static_cast<double>(arrivals.size()));
  return arrivals;
}

// The expected number of arrivals, in units of the mean rate, grows piecewise linearly from 0; `at` holds the corners.
struct Corner {
  double time_s;
  double expected;
};

std::vector<Corner> corners_of(const BurstArrivals& bursts, double duration_s, Random& random) {
  const double between = (1 - bursts.peak * bursts.share) / (1 - bursts.share);
  const double pause_s = bursts.length.count() * (1 - bursts.share) / bursts.share;
  std::vector<Corner> corners{{0, 0}};
  for (bool burst = uniform(random) < bursts.share; corners.back().time_s < duration_s; burst = !burst) {
    const double length = exponential(random, burst ? bursts.length.count() : pause_s);
    const double end = std::min(duration_s, corners.back().time_s + length);
    const double rate = burst ? bursts.peak : between;
    corners.push_back({end, corners.back().expected + rate * (end - corners.back().time_s)});
  }
  return corners;
}

std::vector<Seconds> draw(const BurstArrivals& bursts, double rate_per_s, Seconds duration, unsigned seed) {
  Random random(seed);
  const std::vector<Corner> corners = corners_of(bursts, duration.count(), random);
  std::vector<Seconds> arrivals;
  auto corner = corners.begin();
  for (const double share : sorted_uniforms(count_of(rate_per_s, duration), random)) {
    const double expected = share * corners.back().expected;
    while (std::next(corner, 2) != corners.end() && std::next(corner)->expected <= expected) ++corner;
    const Corner &from = *corner, &to = *std::next(corner);
    arrivals.emplace_back(from.time_s + (to.time_s - from.time_s) * (expected - from.expected) / (to.expected - from.expected));
  }
  return arrivals;
}

std::vector<Seconds> draw(const ReplayedArrivals& replayed, double /*rate_per_s*/, Seconds duration, unsigned /*seed*/) {
  std::vector<Seconds> arrivals;
  Microseconds at{};  // sums of whole ones are exact
  for (std::size_t i = 0; at < Microseconds(duration); ++i) {
    arrivals.emplace_back(at);
    at += replayed.gaps[i % replayed.gaps.size()];
  }
  return arrivals;
}

// The whole of `text` is one number.
std::optional<double> number_of(std::string_view text) {
  double number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) return std::nullopt;
  return number;
}

std::string_view up_to(char separator, std::string_view& rest) {
  const std::size_t at = rest.find(separator);
  const std::string_view part = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view() : rest.substr(at + 1);
  return part;
}

std::optional<BurstArrivals> bursts_of(std::string_view numbers) {
  const auto peak = number_of(up_to(':', numbers)), share = number_of(up_to(':', numbers)), length = number_of(numbers);
  if (!peak || !share || !length || *peak <= 1 || *share <= 0 || *peak * *share >= 1 || *length <= 0) return std::nullopt;
  return BurstArrivals{*peak, *share, Seconds(*length)};
}

std::string words_of(const PoissonArrivals&) {
  return "poisson";
}

std::string words_of(const ConstantArrivals&) {
  return "constant";
}

std::string words_of(const BurstArrivals& bursts) {
  std::array<char, 96> text{};
  std::snprintf(text.data(), text.size(), "bursts:%g:%g:%g", bursts.peak, bursts.share, bursts.length.count());
  return text.data();
}

std::string words_of(const ReplayedArrivals& replayed) {
  return "intervals of " + replayed.file;
}

}  // namespace

double ReplayedArrivals::rate_per_s() const {
  return static_cast<double>(gaps.size()) / Seconds(std::accumulate(gaps.begin(), gaps.end(), Microseconds())).count();
}

Result<ArrivalProcess> parse_distribution(std::string_view text) {
  if (text == "poisson") return ArrivalProcess(PoissonArrivals());
  if (text == "constant") return ArrivalProcess(ConstantArrivals());
  if (text == "bursts") return ArrivalProcess(BurstArrivals());
  std::string_view numbers = text;
  if (up_to(':', numbers) == "bursts") {
    if (const std::optional<BurstArrivals> bursts = bursts_of(numbers)) return ArrivalProcess(*bursts);
    return Error{ErrorCode::invalid_argument,
                 "distribution '" + std::string(text) +
                     "': write bursts:PEAK:SHARE:SECONDS, such as bursts:3:0.1:0.5, with PEAK over 1 and PEAK * SHARE under 1"};
  }
  return Error{ErrorCode::invalid_argument, "there is no distribution '" + std::string(text) +
                                                "'; write poisson, constant, bursts or bursts:PEAK:SHARE:SECONDS"};
}

Result<ReplayedArrivals> parse_intervals(std::string_view text, std::string file) {
  ReplayedArrivals replayed{std::move(file), {}};
  Microseconds sum{};
  for (std::size_t line = 1; !text.empty(); ++line) {
    std::string_view content = up_to('\n', text);
    if (content.ends_with('\r')) content.remove_suffix(1);
    if (content.empty()) continue;
    const std::optional<double> gap = number_of(content);
    if (!gap || *gap < 0 || *gap > kLongestGap.count())
      return Error{ErrorCode::invalid_argument, replayed.file + ", line " + std::to_string(line) + ": '" +
                                                    std::string(content.substr(0, 40)) +
                                                    "' is no interval; write microseconds between requests, one a line"};
    sum += replayed.gaps.emplace_back(*gap);
  }
  if (sum == Microseconds(0) || sum < kShortestMeanGap * static_cast<double>(replayed.gaps.size()))
    return Error{
        ErrorCode::invalid_argument,
        replayed.file + ": the intervals are no microsecond on average; write microseconds between requests, one a line"};
  return replayed;
}

std::string to_string(const ArrivalProcess& process) {
  return std::visit([](const auto& of) { return words_of(of); }, process);
}

std::vector<Seconds> arrivals_of(const ArrivalProcess& process, double rate_per_s, Seconds duration, unsigned seed) {
  return std::visit([&](const auto& of) { return draw(of, rate_per_s, duration, seed); }, process);
}

}  // namespace staronnx
