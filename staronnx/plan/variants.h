// Variants of a plan, built as files; private to this room.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "staronnx/plan/plan.h"
#include "staronnx/plan/study.h"

namespace staronnx {

Variant whole_variant(const Study& study);

// Writes the segments of a cut to `directory`, as "<name>-1.onnx" and so on, and describes them. `shares` are what was aimed at, one per
// segment.
Result<Variant> build_variant(const Study& study, const std::string& name, const Partition& cut, const Shares& shares,
                              const std::filesystem::path& directory);

// Its files are removed.
void remove_variant(const Variant& variant, const std::filesystem::path& directory);

// Gives every segment the sum of its nodes' times, at each width that they were measured at.
void add_up_times(const Study& study, std::vector<Variant>& variants);

std::vector<PlanNode> plan_nodes(const Study& study);

// Every tensor at a segment's edge, with the size it had in the measured runs.
std::map<std::string, PlanTensor> edge_tensors(const Study& study, const std::vector<Variant>& variants);

}  // namespace staronnx
