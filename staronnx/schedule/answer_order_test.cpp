#include "staronnx/schedule/answer_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace staronnx {
namespace {

using testing::ElementsAre;

class AnswerOrderTest : public testing::Test {
 protected:
  void accept(std::uint64_t last) {
    for (std::uint64_t id = 1; id <= last; ++id) order.accepted(RequestId{10 * id});
  }

  void finish(std::uint64_t id) {
    Request request;
    request.id = RequestId{10 * id};
    order.finished(request.id, AnswerOrder::Refused{std::move(request), {ErrorCode::cancelled, std::to_string(id)}});
  }

  // By number of the request: those that may leave now, one after another.
  std::vector<std::string> leave() {
    std::vector<std::string> gone;
    while (std::optional<AnswerOrder::Answer> answer = order.next()) {
      gone.push_back(std::get<AnswerOrder::Refused>(*answer).reason.message);
      order.left();
    }
    return gone;
  }

  AnswerOrder order;
};

TEST_F(AnswerOrderTest, WhatIsThereEarlyWaitsForThoseBeforeIt) {
  accept(4);
  finish(3);
  finish(2);
  EXPECT_THAT(leave(), ElementsAre());
  EXPECT_EQ(order.waiting(), 2u);
  finish(1);
  EXPECT_THAT(leave(), ElementsAre("1", "2", "3"));
  finish(4);
  EXPECT_THAT(leave(), ElementsAre("4"));
  EXPECT_EQ(order.waiting(), 0u);
}

TEST_F(AnswerOrderTest, OneLeavesAtATime) {
  accept(2);
  finish(1);
  finish(2);
  EXPECT_TRUE(order.next());
  EXPECT_FALSE(order.next());
  order.left();
  EXPECT_THAT(leave(), ElementsAre("2"));
}

}  // namespace
}  // namespace staronnx
