// How much of something the server takes on at once from all its clients: bytes, or connections. Thread-safe.
//
//   Allowance bytes(1 << 30);
//   Allowance::Share share(bytes);
//   if (!share.grow(size)) -> refused; what it has goes back when it dies
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <utility>

#include "staronnx/base/result.h"

namespace staronnx {

class Allowance {
 public:
  class Share {
   public:
    Share() = default;
    explicit Share(Allowance& of) : of_(&of) {}  // `of` outlives it
    Share(Share&& other) noexcept : of_(std::exchange(other.of_, nullptr)), has_(std::exchange(other.has_, 0)) {}
    Share& operator=(Share&& other) noexcept {
      std::swap(of_, other.of_);
      std::swap(has_, other.has_);
      return *this;
    }
    ~Share();

    // False, and nothing changes, where that were more than is allowed. But who alone has all that is taken gets any amount, as has a share
    // of nothing; and nothing is always allowed: those who send no bytes are served while one has more.
    bool grow(std::uint64_t by);
    std::uint64_t has() const { return has_; }

   private:
    Allowance* of_ = nullptr;
    std::uint64_t has_ = 0;
  };

  // `rested` is called when nothing is taken any more, and more than `much` was since the last time; by whoever gave the last of it back.
  explicit Allowance(std::uint64_t most, std::uint64_t much = std::numeric_limits<std::uint64_t>::max(),
                     std::function<void()> rested = {})
      : most_(most), much_(much), rested_(std::move(rested)) {}
  Allowance(const Allowance&) = delete;
  Allowance& operator=(const Allowance&) = delete;

  std::uint64_t most() const { return most_; }
  std::uint64_t taken() const { return taken_; }
  std::uint64_t refused() const { return refused_; }  // how often

 private:
  const std::uint64_t most_, much_;
  const std::function<void()> rested_;
  std::atomic<bool> was_much_ = false;
  std::atomic<std::uint64_t> taken_ = 0;
  std::atomic<std::uint64_t> refused_ = 0;
};

// What clients are told whose bytes are more than is allowed.
Error too_much_in_flight(const Allowance& bytes);

}  // namespace staronnx
