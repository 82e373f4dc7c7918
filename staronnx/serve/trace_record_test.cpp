#include "staronnx/serve/trace_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "staronnx/serve/trace_for_test.h"

namespace staronnx {
namespace {

using testing::ElementsAre;

TEST(TraceRecord, HasPhasesWithoutGaps) {
  EXPECT_THAT(phases_of(trace_for_test()),
              ElementsAre(TraceSpan{"input", at(0), at(10)}, TraceSpan{"queue", at(10), at(20)},
                          TraceSpan{"compute", at(20), at(30)}, TraceSpan{"queue", at(30), at(40)},
                          TraceSpan{"compute", at(40), at(80)}, TraceSpan{"output", at(80), at(100)}));
}

TEST(TraceRecord, ComputesWhileAnySegmentRuns) {
  TraceRecord record = trace_for_test();
  record.segments = {
      {"b", {1, 1, at(30), at(60)}}, {"a", {0, 1, at(10), at(40)}}, {"a", {0, 1, at(60), at(70)}}, {"b", {1, 1, at(62), at(65)}}};
  EXPECT_THAT(phases_of(record), ElementsAre(TraceSpan{"input", at(0), at(10)}, TraceSpan{"compute", at(10), at(70)},
                                             TraceSpan{"output", at(70), at(100)}));
}

TEST(TraceRecord, KeepsSegmentsWithinTheRequest) {
  TraceRecord record = trace_for_test();
  record.segments = {{"node", {0, 1, at(5), at(120)}}};
  EXPECT_EQ(span_of(record, record.segments[0]), (TraceSpan{"compute", at(10), at(100)}));
  EXPECT_THAT(phases_of(record), ElementsAre(TraceSpan{"input", at(0), at(10)}, TraceSpan{"compute", at(10), at(100)},
                                             TraceSpan{"output", at(100), at(100)}));
}

TEST(TraceRecord, OfARefusedRequestHasItsInputOnly) {
  TraceRecord record = trace_for_test();
  record.segments.clear();
  EXPECT_THAT(phases_of(record), ElementsAre(TraceSpan{"input", at(0), at(10)}));
  record.submitted = {};
  EXPECT_THAT(phases_of(record), ElementsAre(TraceSpan{"input", at(0), at(100)}));
  EXPECT_EQ(span_count(record), 2U);
}

TEST(TraceRecord, OfAnEnsembleComputesWhileAStepDoes) {
  EXPECT_THAT(phases_of(ensemble_trace_for_test()),
              ElementsAre(TraceSpan{"input", at(-10), at(-5)}, TraceSpan{"queue", at(-5), at(20)},
                          TraceSpan{"compute", at(20), at(30)}, TraceSpan{"queue", at(30), at(40)},
                          TraceSpan{"compute", at(40), at(80)}, TraceSpan{"output", at(80), at(110)}));
}

TEST(TraceRecord, CountsTheSpansThatTellOfIt) {
  EXPECT_EQ(span_count(trace_for_test()), 7U);            // the request, input, queue twice, output, and two segments
  EXPECT_EQ(span_count(ensemble_trace_for_test()), 12U);  // beside that the ensemble, and its own input, queues and output
}

}  // namespace
}  // namespace staronnx
