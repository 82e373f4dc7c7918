#include "apps/arrivals_choice.h"

#include <optional>

#include "staronnx/base/read_file.h"

namespace staronnx::apps {

std::array<CLI::Option*, 2> ArrivalsChoice::add_to(CLI::App& verb, CLI::Option* rates) {
  CLI::Option* law =
      verb.add_option("--request-distribution", distribution,
                      "When requests come: poisson, constant, bursts, or bursts:PEAK:SHARE:SECONDS (two states: PEAK times the "
                      "rate during SHARE of the time, for SECONDS on average; bursts is bursts:3:0.1:0.5)");
  law->type_name("DISTRIBUTION")->capture_default_str();
  CLI::Option* replayed =
      verb.add_option("--request-intervals,--arrivals", intervals,
                      "Replay arrivals: a file of microseconds between requests, one a line, again and again");
  replayed->excludes(rates)->excludes(law);
  return {law, replayed};
}

Result<ArrivalProcess> ArrivalsChoice::process() const {
  if (intervals.empty()) return parse_distribution(distribution);
  const std::optional<std::string> content = read_file(intervals);
  if (!content) return Error{ErrorCode::not_found, "--request-intervals " + intervals + ": the file cannot be read"};
  Result<ReplayedArrivals> replayed = parse_intervals(*content, intervals);
  if (!replayed) return replayed.error();
  return ArrivalProcess(*std::move(replayed));
}

}  // namespace staronnx::apps
