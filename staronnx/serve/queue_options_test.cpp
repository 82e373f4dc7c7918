#include "staronnx/serve/queue_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace staronnx {
namespace {

using testing::ElementsAre;
using testing::Pair;

const Clock::time_point arrival = Clock::time_point(std::chrono::hours(1));

RequestOptions options_of(const ModelSettings& settings, std::uint64_t priority, Microseconds timeout) {
  InferenceRequest request{"m"};
  request.priority = priority;
  request.timeout = timeout;
  return request_options(settings, request, 3, arrival);
}

Deadline after(Microseconds time) {
  return Deadline::after(time, arrival);
}

TEST(QueueOptions, WithoutSettingsARequestSaysItself) {
  EXPECT_EQ(options_of({}, 0, {}).deadline, Deadline::never());
  EXPECT_EQ(options_of({}, 0, {}).priority, 0u);
  EXPECT_EQ(options_of({}, 7, Microseconds(30)).deadline, after(Microseconds(30)));
  EXPECT_EQ(options_of({}, 7, Microseconds(30)).priority, 6u);
  EXPECT_FALSE(options_of({}, 7, Microseconds(30)).late_goes_last);
  EXPECT_EQ(options_of({}, 7, Microseconds(30)).rows, 3u);
}

TEST(QueueOptions, EachLevelHasItsPolicyOrTheDefault) {
  ModelSettings settings;
  settings.priority_levels = 3;
  settings.default_priority = 2;
  settings.queue = {10, Microseconds(100), true, false};
  settings.queues[1] = {20, Microseconds(50), false, true};
  EXPECT_EQ(options_of(settings, 1, Microseconds(5)).deadline, after(Microseconds(50))) << "it may not say its own";
  EXPECT_TRUE(options_of(settings, 1, {}).late_goes_last);
  EXPECT_EQ(options_of(settings, 3, Microseconds(5)).deadline, after(Microseconds(5)));
  EXPECT_EQ(options_of(settings, 3, {}).deadline, after(Microseconds(100)));
  EXPECT_FALSE(options_of(settings, 3, {}).late_goes_last);
  for (const std::uint64_t not_a_level : {0, 4}) EXPECT_EQ(options_of(settings, not_a_level, {}).priority, 1u);
  const PipelineOptions pipeline = pipeline_options(settings);
  EXPECT_EQ(pipeline.queue, 10u);
  EXPECT_THAT(pipeline.queues, ElementsAre(Pair(0u, 20u)));
}

TEST(QueueOptions, ABatchIsCompleteAsPreferredOrElseAtTheMaximum) {
  ModelSettings settings;
  settings.max_batch_size = 8;
  settings.batch_wait = Microseconds(100);
  EXPECT_EQ(pipeline_options(settings).batch_wait, Microseconds(100));
  EXPECT_THAT(pipeline_options(settings).preferred_batches, ElementsAre(8u));
  settings.preferred_batches = {2, 4};
  EXPECT_THAT(pipeline_options(settings).preferred_batches, ElementsAre(2u, 4u));
}

TEST(QueueOptions, WhatNobodyWaitsForIsCutOff) {
  EXPECT_EQ(options_of({}, 1, Microseconds(1e300)).deadline, after(Seconds(1e7)));
  EXPECT_EQ(options_of({}, ~0ULL, {}).priority, 0u);
}

}  // namespace
}  // namespace staronnx
