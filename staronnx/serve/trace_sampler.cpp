#include "staronnx/serve/trace_sampler.h"

#include <algorithm>

namespace staronnx {

TraceSampler::TraceSampler(const TraceSettings& at_start)
    : at_start_(at_start),
      on_(at_start.timestamps),
      server_{at_start.timestamps, at_start.rate, 0, at_start.count, at_start.log_frequency} {}

template <class Value>
TraceSampler::Scope& TraceSampler::owner(const std::string& model, std::optional<Value> Scope::*setting) {
  const auto own = models_.find(model);
  return own != models_.end() && own->second.*setting ? own->second : server_;
}

TraceSettings TraceSampler::settings(const std::string& model) const {
  const std::lock_guard lock(mutex_);
  const auto own = models_.find(model);
  const Scope& scope = own == models_.end() ? server_ : own->second;
  const auto of = [&](auto setting) { return (scope.*setting).value_or(*(server_.*setting)); };
  return {of(&Scope::timestamps), of(&Scope::rate), of(&Scope::count), of(&Scope::log_frequency)};
}

void TraceSampler::change(const std::string& model, const TraceChange& change) {
  const std::lock_guard lock(mutex_);
  Scope& scope = model.empty() ? server_ : models_[model];
  const auto take = [&](auto& setting, const auto& wanted, const auto& at_start) {
    if (wanted) setting = *wanted || !model.empty() ? *wanted : std::optional(at_start);
  };
  take(scope.timestamps, change.timestamps, at_start_.timestamps);
  take(scope.rate, change.rate, at_start_.rate);
  if (change.rate) scope.seen = 0;
  take(scope.count, change.count, at_start_.count);
  take(scope.log_frequency, change.log_frequency, at_start_.log_frequency);
  on_ = *server_.timestamps ||
        std::ranges::any_of(models_, [](const auto& each) { return each.second.timestamps.value_or(false); });
}

std::optional<TraceSample> TraceSampler::sample(const std::string& model, bool always) {
  const std::lock_guard lock(mutex_);
  if (!*owner(model, &Scope::timestamps).timestamps) return std::nullopt;
  if (!always) {
    Scope& rated = owner(model, &Scope::rate);
    if (*rated.rate == 0 || ++rated.seen % *rated.rate != 0) return std::nullopt;
    std::int32_t& left = *owner(model, &Scope::count).count;
    if (left == 0) return std::nullopt;
    if (left > 0) --left;
  }
  const Scope& filing = owner(model, &Scope::log_frequency);
  return TraceSample{&filing == &server_ ? "" : model, *filing.log_frequency};
}

}  // namespace staronnx
