#include "staronnx/schedule/answer_order.h"

#include <algorithm>
#include <utility>

namespace staronnx {

void AnswerOrder::accepted(RequestId request) {
  line_.push_back({request, {}});
}

void AnswerOrder::finished(RequestId request, Answer answer) {
  std::ranges::lower_bound(line_, request, {}, &Place::request)->answer = std::move(answer);
  ++waiting_;
}

std::optional<AnswerOrder::Answer> AnswerOrder::next() {
  if (leaving_ || line_.empty() || !line_.front().answer) return std::nullopt;
  leaving_ = true;
  std::optional<Answer> answer = std::move(line_.front().answer);
  line_.pop_front();
  return answer;
}

void AnswerOrder::left() {
  leaving_ = false;
  --waiting_;
}

}  // namespace staronnx
