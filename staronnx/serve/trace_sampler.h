// Which requests are traced: the server's settings, and of single models what was said of them; and whose turn it is. Private to this room.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "staronnx/serve/trace_options.h"

namespace staronnx {

// Nothing: the setting stays. Holding nothing: it goes back to what it is without being said.
template <class Value>
using SettingChange = std::optional<std::optional<Value>>;

struct TraceChange {
  SettingChange<bool> timestamps = {};
  SettingChange<std::uint32_t> rate = {};
  SettingChange<std::int32_t> count = {};
  SettingChange<std::uint32_t> log_frequency = {};
};

// A request that is traced.
struct TraceSample {
  std::string scope;  // who has the log_frequency: a model's name, or empty for the server
  std::uint32_t log_frequency = 0;

  bool operator==(const TraceSample&) const = default;
};

// Thread-safe. What is not said of a model is as the server has it, counts included: those that share a setting count together.
class TraceSampler {
 public:
  explicit TraceSampler(const TraceSettings& at_start);

  // Whether anything is traced at all: what requests cost when not.
  bool on() const noexcept { return on_.load(std::memory_order_relaxed); }

  // Of a model, or of the server (""). `count` is what is left of it.
  TraceSettings settings(const std::string& model) const;

  // The server's settings go back to those at the start, a model's to the server's.
  void change(const std::string& model, const TraceChange& change);

  // For each request of the model once. `always`: whatever rate and count say, which do not see it then.
  std::optional<TraceSample> sample(const std::string& model, bool always);

 private:
  struct Scope {
    std::optional<bool> timestamps;
    std::optional<std::uint32_t> rate;
    std::uint64_t seen = 0;  // requests, where the rate is this scope's
    std::optional<std::int32_t> count;
    std::optional<std::uint32_t> log_frequency;
  };
  // Whose setting holds for the model: with the mutex held.
  template <class Value>
  Scope& owner(const std::string& model, std::optional<Value> Scope::*setting);

  const TraceSettings at_start_;
  std::atomic<bool> on_ = false;
  mutable std::mutex mutex_;  // guards what follows; held for no longer than it takes to count
  Scope server_;              // has all
  std::map<std::string, Scope> models_;
};

}  // namespace staronnx
