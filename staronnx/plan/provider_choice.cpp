#include "staronnx/plan/provider_choice.h"

#include <algorithm>
#include <utility>

namespace staronnx {
namespace {

constexpr double kNoticeable = 0.03;

// `openvino` is the same segment with that provider.
void choose(Segment& own, Segment openvino) {
  const bool taken = takes_openvino(own.cpu_time, openvino.cpu_time);
  if (taken) std::swap(own, openvino);
  own.other_provider_time = std::move(openvino.cpu_time);
  if (!taken) own.provider_note = std::move(openvino.provider_note);
}

Result<double> measure_with(Provider provider, SegmentCosts& costs, const std::vector<int>& widths, Variant& variant) {
  for (Segment& segment : variant.segments) segment.provider = provider;
  Result<CutTimes> times = costs.measure(variant, widths);
  if (!times) return times.error();
  for (std::size_t s = 0; s < variant.segments.size(); ++s) {
    variant.segments[s].cpu_time = std::move(times->segments[s]);
    variant.segments[s].provider_note = std::move(times->notes[s]);
  }
  return times->others_share;
}

}  // namespace

bool takes_openvino(const CpuTimes& own, const CpuTimes& openvino) {
  bool faster = false;
  for (const auto& [width, time] : own.busy) {
    const auto other = openvino.busy.find(width);
    if (other == openvino.busy.end() || other->second > (1 + kNoticeable) * time) return false;
    faster = faster || other->second < (1 - kNoticeable) * time;
  }
  return faster;
}

Result<double> choose_providers(SegmentCosts& costs, const std::vector<int>& widths, const std::vector<Provider>& available,
                                Variant& variant) {
  Result<double> others = measure_with(Provider::cpu, costs, widths, variant);
  if (!others || std::ranges::count(available, Provider::openvino) == 0) return others;
  Variant openvino = variant;
  const Result<double> more_others = measure_with(Provider::openvino, costs, widths, openvino);
  if (!more_others) return more_others.error();
  for (std::size_t s = 0; s < variant.segments.size(); ++s) choose(variant.segments[s], std::move(openvino.segments[s]));
  return std::max(*others, *more_others);
}

}  // namespace staronnx
