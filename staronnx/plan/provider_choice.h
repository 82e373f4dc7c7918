// Which execution provider runs each segment; private to this room.
#pragma once

#include <vector>

#include "staronnx/plan/plan.h"
#include "staronnx/plan/segment_costs.h"

namespace staronnx {

// Whether OpenVINO is taken for a segment, by the times while all cores are busy: at one width at least it takes 3 % less than ONNX
// Runtime's own provider, and at none over 3 % more. (Two measurements of the same differ by about as much.) Never without times.
bool takes_openvino(const CpuTimes& own, const CpuTimes& openvino);

// Measures the variant's segments with ONNX Runtime's own provider and, where `available` has it, with OpenVINO, and fills in each
// segment's provider, times and note. Returns the share of the machine that other programs used meanwhile.
Result<double> choose_providers(SegmentCosts& costs, const std::vector<int>& widths, const std::vector<Provider>& available,
                                Variant& variant);

}  // namespace staronnx
