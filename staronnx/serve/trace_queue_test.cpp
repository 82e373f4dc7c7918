#include "staronnx/serve/trace_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "staronnx/base/read_file.h"
#include "staronnx/base/temporary_directory.h"
#include "staronnx/serve/trace_for_test.h"

namespace staronnx {
namespace {

using testing::HasSubstr;
using testing::Not;

// Notes what comes; the first write waits until it may.
class Sink final : public TraceSink {
 public:
  struct Seen {
    std::vector<std::uint64_t> numbers, sizes;
  };
  Sink(Seen& seen, std::promise<void>& begun, std::shared_future<void> may, TraceLoss loss)
      : seen_(seen), begun_(begun), may_(std::move(may)), loss_(std::move(loss)) {}

  TraceLoss write(Traces traces, const std::stop_token& /*stop*/) override {
    if (seen_.sizes.empty()) begun_.set_value();
    may_.wait();
    seen_.sizes.push_back(traces.size());
    for (const auto& trace : traces) seen_.numbers.push_back(trace->number);
    return loss_;
  }

 private:
  Seen& seen_;
  std::promise<void>& begun_;
  const std::shared_future<void> may_;
  const TraceLoss loss_;
};

constexpr std::size_t kSpans = 7;  // of a trace

class TraceQueueTest : public testing::Test {
 protected:
  void open(const TraceQueueOptions& options, const TraceLoss& loss = {}) {
    log_ = *Log::open({.file = folder_.path() / "log"});
    queue_ = std::make_unique<TraceQueue>(std::make_unique<Sink>(seen_, begun_, may_.get_future().share(), loss), options, *log_);
  }
  void push(std::uint64_t number) {
    auto record = std::make_unique<TraceRecord>(trace_for_test());
    record->number = number;
    queue_->push(std::move(record));
  }
  std::string log() const { return read_file(folder_.path() / "log").value(); }

  const TemporaryDirectory folder_ = *TemporaryDirectory::create();
  Sink::Seen seen_;
  std::promise<void> begun_, may_;
  std::unique_ptr<Log> log_;
  std::unique_ptr<TraceQueue> queue_;
};

TEST_F(TraceQueueTest, GivesAllToItsSinkInBatches) {
  open({.batch = 3 * kSpans});
  may_.set_value();
  for (std::uint64_t i = 0; i < 8; ++i) push(i);
  queue_->close();
  EXPECT_THAT(seen_.numbers, testing::ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
  EXPECT_LE(*std::ranges::max_element(seen_.sizes), 3U);
  EXPECT_EQ(queue_->dropped(), 0U);
  EXPECT_EQ(log(), "");
}

TEST_F(TraceQueueTest, LetsNobodyWaitForItsSinkAndDropsWhatIsTooMuch) {
  open({.spans = 2 * kSpans, .batch = kSpans, .tell_again = Seconds(0)});
  push(0);
  begun_.get_future().wait();
  for (std::uint64_t i = 1; i <= 5; ++i) push(i);  // two wait
  EXPECT_EQ(queue_->dropped(), 3 * kSpans);
  may_.set_value();
  queue_->close();
  EXPECT_THAT(seen_.numbers, testing::ElementsAre(0, 1, 2));
  EXPECT_THAT(log(), HasSubstr("traces: 21 spans were lost: they came faster than they could be written"));
}

TEST_F(TraceQueueTest, TellsNowAndThenWhatItsSinkHasLost) {
  open({.batch = kSpans, .tell_again = Seconds(1000)}, {kSpans, "the disk is full"});
  may_.set_value();
  push(0);
  begun_.get_future().wait();
  for (std::uint64_t i = 1; i <= 5; ++i) push(i);
  queue_->close();
  EXPECT_EQ(queue_->dropped(), 6 * kSpans);
  const std::string lines = log();
  EXPECT_THAT(lines, HasSubstr("WARNING traces: 7 spans were lost: the disk is full"));
  EXPECT_LE(std::ranges::count(lines, '\n'), 2);  // the first, and at the end the rest
}

TEST_F(TraceQueueTest, DropsWhatComesAfterTheEnd) {
  open({});
  may_.set_value();
  queue_->close();
  push(0);
  EXPECT_EQ(queue_->dropped(), kSpans);
  EXPECT_EQ(seen_.numbers.size(), 0U);
}

}  // namespace
}  // namespace staronnx
