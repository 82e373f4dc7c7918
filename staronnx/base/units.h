// Units as types: a duration says its unit, a size cannot be added to a duration.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

namespace staronnx {

// Durations are microseconds in floating point: costs are measured, averaged and divided.
using Microseconds = std::chrono::duration<double, std::micro>;
using Milliseconds = std::chrono::duration<double, std::milli>;
using Seconds = std::chrono::duration<double>;

struct Bytes {
  std::uint64_t count = 0;

  constexpr auto operator<=>(const Bytes&) const = default;  // NOLINT(modernize-use-nullptr): a misreading
  constexpr Bytes& operator+=(Bytes other) {
    count += other.count;
    return *this;
  }
  constexpr Bytes operator+(Bytes other) const { return Bytes{count + other.count}; }
};

struct BytesPerSecond {
  double count = 0;

  constexpr auto operator<=>(const BytesPerSecond&) const = default;  // NOLINT(modernize-use-nullptr): a misreading
};

// The bandwidth must not be 0.
constexpr Seconds operator/(Bytes size, BytesPerSecond bandwidth) {
  return Seconds(static_cast<double>(size.count) / bandwidth.count);
}

}  // namespace staronnx
