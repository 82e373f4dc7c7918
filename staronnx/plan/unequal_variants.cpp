#include "staronnx/plan/unequal_variants.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <utility>

#include "staronnx/plan/prediction.h"
#include "staronnx/plan/variants.h"

namespace staronnx {
namespace {

// One segment gets a small part, the others the rest in equal shares; the small one lies at either end, or in the middle.
std::vector<Shares> unequal_shares(std::size_t k) {
  std::vector<Shares> all;
  for (const double small : {0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4}) {
    for (const std::size_t where : std::set<std::size_t>{0, k / 2, k - 1}) {
      Shares shares{std::vector<double>(k, (1 - small) / static_cast<double>(k - 1))};
      shares.of_work[where] = small;
      all.push_back(std::move(shares));
    }
  }
  return all;
}

std::string name_of(const Shares& shares) {
  std::string name = "k" + std::to_string(shares.of_work.size());
  for (const double share : shares.of_work) name += "-" + std::to_string(std::lround(100 * share));
  return name;
}

bool is_cut_like(const std::vector<Variant>& variants, const Partition& cut) {
  return std::ranges::any_of(variants, [&](const Variant& variant) {
    return std::ranges::equal(variant.node_segment, cut.of_node, {}, {}, [](SegmentId segment) { return index(segment); });
  });
}

Result<std::vector<Variant>> candidates_for(const Study& study, const CompileRequest& request,
                                            const std::filesystem::path& directory, const std::vector<Variant>& known) {
  std::vector<Variant> candidates;
  for (const std::size_t k : request.segments) {
    if (k > study.graph.nodes().size()) continue;
    for (const Shares& shares : unequal_shares(k)) {
      Result<Partition> cut = partition(study.graph, study.weights(), shares, request.seed);
      if (!cut) return cut.error();
      if (is_cut_like(known, *cut) || is_cut_like(candidates, *cut)) continue;
      Result<Variant> variant = build_variant(study, name_of(shares), *cut, shares, directory);
      if (!variant) return variant.error();
      variant->method = "metis";
      candidates.push_back(*std::move(variant));
    }
  }
  return candidates;
}

// Variants that reach the machine's bound.
Result<std::set<std::string>> used_variants(const Study& study, const Machine& machine, const CompileRequest& request,
                                            std::vector<Variant> variants) {
  add_up_times(study, variants);
  Plan plan;
  plan.signature = study.model.signature();
  plan.tensors = edge_tensors(study, variants);
  plan.variants = std::move(variants);
  Result<Prediction> prediction = predict(plan, machine, request.slo);
  if (!prediction) return prediction.error();
  std::set<std::string> used;
  for (const RateBound& bound : {prediction->bound, prediction->bound_within_slo}) {
    for (const MixPart& part : bound.mix) used.insert(part.variant);
  }
  return used;
}

}  // namespace

Status add_unequal_variants(const Study& study, const Machine& machine, const CompileRequest& request,
                            const std::filesystem::path& directory, std::vector<Variant>& variants) {
  if (machine.gpus.empty() || request.segments.empty()) return {};
  request.progress("looking for unequal cuts", 0.85);
  Result<std::vector<Variant>> candidates = candidates_for(study, request, directory, variants);
  if (!candidates) return candidates.error();
  std::vector<Variant> all = variants;
  all.insert(all.end(), candidates->begin(), candidates->end());
  Result<std::set<std::string>> used = used_variants(study, machine, request, std::move(all));
  if (!used) return used.error();
  for (Variant& candidate : *candidates) {
    if (used->contains(candidate.name)) {
      variants.push_back(std::move(candidate));
    } else {
      remove_variant(candidate, directory);
    }
  }
  return {};
}

}  // namespace staronnx
