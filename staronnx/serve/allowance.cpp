#include "staronnx/serve/allowance.h"

#include <string>

namespace staronnx {

Allowance::Share::~Share() {
  if (of_ == nullptr || has_ == 0) return;
  if ((of_->taken_ -= has_) == 0 && of_->was_much_.exchange(false)) of_->rested_();
}

bool Allowance::Share::grow(std::uint64_t by) {
  if (of_ == nullptr || by == 0) return true;
  std::uint64_t taken = of_->taken_;
  do {
    if (taken != has_ && (taken > of_->most_ || by > of_->most_ - taken)) {
      ++of_->refused_;
      return false;
    }
  } while (!of_->taken_.compare_exchange_weak(taken, taken + by));
  has_ += by;
  if (taken + by > of_->much_) of_->was_much_ = true;
  return true;
}

Error too_much_in_flight(const Allowance& bytes) {
  return {ErrorCode::unavailable, "the requests and answers that the server holds would have more than " +
                                      std::to_string(bytes.most()) + " bytes; try again later, or raise --max-in-flight-size"};
}

}  // namespace staronnx
