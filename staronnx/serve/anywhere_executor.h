// Runs what it is given on the calling thread at once, or, where that must not be, on the threads of an io_context. Private to this room.
//
// A strand on it lets the thread that has an answer write it, without waking another; what happens on a strand still happens one after the
// other.
#pragma once

#include <boost/asio/execution.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <utility>

namespace staronnx {

class AnywhereExecutor {
 public:
  explicit AnywhereExecutor(boost::asio::io_context& context) : context_(&context) {}

  // What Asio asks of an executor.
  boost::asio::execution_context& query(boost::asio::execution::context_t /*unused*/) const noexcept { return *context_; }
  AnywhereExecutor require(boost::asio::execution::blocking_t::never_t /*unused*/) const { return {*context_, true}; }
  AnywhereExecutor require(boost::asio::execution::blocking_t::possibly_t /*unused*/) const { return {*context_, false}; }
  template <class Work>
  void execute(Work&& work) const {
    if (later_) return boost::asio::post(*context_, std::forward<Work>(work));
    std::forward<Work>(work)();
  }
  bool operator==(const AnywhereExecutor&) const noexcept = default;

 private:
  AnywhereExecutor(boost::asio::io_context& context, bool later) : context_(&context), later_(later) {}

  boost::asio::io_context* context_;
  bool later_ = false;
};

}  // namespace staronnx
