#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "staronnx/partition/partition.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const staronnx::Result<staronnx::Shares> shares = staronnx::parse_shares(text);
  if (!shares) return 0;
  const auto commas = static_cast<std::size_t>(std::count(text.begin(), text.end(), ','));
  const bool finite = std::ranges::all_of(shares->of_work, [](double share) { return std::isfinite(share); });
  if (shares->of_work.size() != commas + 1 || !finite) std::abort();
  return 0;
}
