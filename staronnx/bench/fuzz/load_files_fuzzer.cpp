#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "staronnx/bench/arrivals.h"
#include "staronnx/bench/model_description.h"
#include "staronnx/bench/request_data.h"

// What the load tool reads of users and servers is usable or refused.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace staronnx;
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto replayed = parse_intervals(text, "f"); replayed && arrivals_of(*replayed, 1, Seconds(1e-4), 1).empty())
    std::abort();
  static_cast<void>(parse_distribution(text));
  static_cast<void>(statistics_in(text));
  if (const auto described = signature_in(text); described && described->inputs.size() > size) std::abort();
  const Signature signature{.inputs = {{.name = "x", .type = DataType::int16, .shape = {-1}, .dimension_names = {""}}},
                            .outputs = {}};
  if (const auto requests = requests_in(text, signature, {}); requests && requests->empty()) std::abort();
  return 0;
}
