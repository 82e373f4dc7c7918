// Result<T>: a value, or the reason why there is none.
//
// Expected failures (a bad model, a bad input, overload, a missed deadline) travel as values; nothing in StarONNX throws them.
// A message names the thing, says what is wrong with it, and what to do. Each code maps to one code of the wire protocols.
//
//   Result<Model> model = Model::load("resnet50.onnx");
//   if (!model) return model.error();
//   use(*model);
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace staronnx {

enum class ErrorCode {
  invalid_argument,   // the caller's input is wrong; the same call will fail again
  not_found,          // the named thing does not exist
  already_exists,     // the named thing exists and is not replaced
  unsupported,        // valid, but StarONNX does not do it
  unavailable,        // not now: queue full, shutting down; worth another try
  deadline_exceeded,  // not computed, or not in time
  cancelled,          // given up by the caller
  internal,           // a fault of ours or of a library below
};

// The code's stable name, such as "invalid_argument".
std::string_view to_string(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string message;
};

// The same error with "context: " before its message.
Error with_context(std::string_view context, Error error);

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // Only when ok().
  T& operator*() & { return *std::get_if<0>(&state_); }
  const T& operator*() const& { return *std::get_if<0>(&state_); }
  T&& operator*() && { return std::move(*std::get_if<0>(&state_)); }
  T* operator->() { return std::get_if<0>(&state_); }
  const T* operator->() const { return std::get_if<0>(&state_); }

  // Only when not ok().
  Error& error() { return *std::get_if<1>(&state_); }
  const Error& error() const { return *std::get_if<1>(&state_); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }

  // Only when not ok().
  const Error& error() const { return *error_; }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace staronnx
