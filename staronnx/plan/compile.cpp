#include "staronnx/plan/compile.h"

#include <algorithm>

#include "staronnx/base/write_file.h"
#include "staronnx/machine/measure_links.h"
#include "staronnx/plan/batch_costs.h"
#include "staronnx/plan/cut_choice.h"
#include "staronnx/plan/gpu_speeds.h"
#include "staronnx/plan/plan_directory.h"
#include "staronnx/plan/prediction.h"
#include "staronnx/plan/provider_choice.h"
#include "staronnx/plan/segment_costs.h"
#include "staronnx/plan/study.h"
#include "staronnx/plan/unequal_variants.h"
#include "staronnx/plan/variants.h"
#include "staronnx/plan/words.h"

namespace staronnx {
namespace {

constexpr const char* costs_file = "costs.json";

// Where a plan is being made.
struct Site {
  const Machine& machine;
  Engine& engine;
  const CompileRequest& request;
  const Study& study;
  const std::filesystem::path& directory;
  SegmentCosts& costs;
};

// Cut as the caller wants it.
Result<Variant> variant_with_shares(const Site& site, const Shares& shares) {
  const std::size_t k = shares.of_work.size();
  site.request.progress("cutting into " + std::to_string(k), 0.6);
  Result<Partition> cut = partition(site.study.graph, site.study.weights(), shares, site.request.seed);
  if (!cut) return cut.error();
  Result<Variant> variant = build_variant(site.study, "k" + std::to_string(k), *cut, shares, site.directory);
  if (variant) variant->method = "shares";
  return variant;
}

// Cut where k equal processors are all kept busy, by prediction and then by measurement. `part`: how far all such cuts are.
Result<Variant> best_variant(const Site& site, std::size_t k, double part) {
  const double done = 0.6 + 0.25 * part;
  site.request.progress("looking for the best cuts into " + std::to_string(k), done);
  Result<std::vector<CandidateCut>> candidates = candidate_cuts(site.study, k, site.request.seed);
  if (!candidates) return candidates.error();
  const Seconds budget =
      site.request.target ? Seconds(0) : site.request.budget / static_cast<double>(site.request.segments.size());
  const auto progress = [&](const std::string& what) { site.request.progress(what, done); };
  Result<CutChoice> choice = choose_cut(site.study, *std::move(candidates), site.costs, site.directory, budget, progress);
  if (!choice) return choice.error();
  Result<Variant> variant =
      build_variant(site.study, "k" + std::to_string(k), choice->cut.partition, Shares::even(k), site.directory);
  if (!variant) return variant;
  variant->method = choice->cut.method;
  variant->period_over_bound = choice->cut.period_over_bound;
  variant->cuts_measured = choice->measured;
  return variant;
}

Result<std::vector<Variant>> build_variants(const Site& site) {
  std::vector<Variant> variants{whole_variant(site.study)};
  for (const Shares& shares : site.request.splits) {
    Result<Variant> variant = variant_with_shares(site, shares);
    if (!variant) return variant.error();
    variants.push_back(*std::move(variant));
  }
  const std::vector<std::size_t>& segments = site.request.segments;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (site.request.leave_out_impossible && segments[i] > site.study.graph.nodes().size()) continue;
    Result<Variant> variant = best_variant(site, segments[i], static_cast<double>(i) / static_cast<double>(segments.size()));
    if (!variant) return variant.error();
    variants.push_back(*std::move(variant));
  }
  return variants;
}

// Fills in the segments' providers and times. Returns what is to be said of them.
Result<std::vector<std::string>> measure(const Site& site, std::vector<Variant>& variants) {
  double others = 0;
  for (Variant& variant : variants) {
    if (!site.costs.knows(variant, site.request.widths)) site.request.progress("measuring the segments of " + variant.name, 0.9);
    Result<double> meanwhile = choose_providers(site.costs, site.request.widths, available_providers(), variant);
    if (!meanwhile) return meanwhile.error();
    others = std::max(others, *meanwhile);
  }
  const Status batches =
      measure_batches(site.machine, site.engine, site.study, site.request, site.directory, site.costs, variants);
  if (!batches) return batches.error();
  if (Status saved = site.costs.save(); !saved) return saved.error();
  if (others <= kQuiet) return std::vector<std::string>{};
  return std::vector{"times were measured while other programs used " + percent(others) +
                     " of the machine; plan with --fresh when it is quiet"};
}

// What the plan is for: the machine that was asked for, or this one with what its GPUs were measured to be worth.
Result<MeasuredGpus> planned_machine(const Site& site, const Variant& whole) {
  if (site.request.target) return MeasuredGpus{*site.request.target, {}};
  if (site.machine.gpus.empty()) return MeasuredGpus{site.machine, {}};
  site.request.progress("measuring the whole model on GPUs", 0.85);
  const Result<CutTimes> times = site.costs.measure(whole, site.request.widths);
  if (!times) return times.error();
  MeasuredGpus measured =
      measure_gpus(site.machine, site.engine, site.study, site.directory, times->segments[0].alone.at(1), site.costs);
  if (measured.machine.gpus.empty()) return measured;
  Result<std::vector<Link>> links = measure_links(site.machine);
  if (!links) return links.error();
  measured.machine.links = *std::move(links);
  return measured;
}

// measure() for a machine that is not here.
std::vector<std::string> add_up(const Site& site, std::vector<Variant>& variants) {
  add_up_times(site.study, variants);
  std::vector<std::string> said{"times of segments: the sums of their nodes'"};
  if (!site.request.costs)
    said.push_back("times on a core of " + site.request.target->id() + ": those on a core of this machine");
  return said;
}

}  // namespace

Result<Plan> compile(const Machine& machine, Engine& engine, const CompileRequest& request) {
  Result<Model> original = Model::load(request.model);
  if (!original) return original.error();
  Result<std::vector<Tensor>> inputs = inputs_of(request, original->signature());
  if (!inputs) return inputs.error();
  Result<std::string> hash = hash_of(request.model);
  if (!hash) return hash.error();
  Result<StagedDirectory> directory = StagedDirectory::beside(request.directory);
  if (!directory) return directory.error();

  Result<Study> known = study(machine, request, original->signature(), *std::move(inputs), *hash, directory->path());
  if (!known) return with_context("'" + request.model.string() + "'", known.error());
  SegmentCosts costs(machine, engine, *known, directory->path(), request.cache, request.fresh);
  const Site site{machine, engine, request, *known, directory->path(), costs};
  Result<std::vector<Variant>> variants = build_variants(site);
  if (!variants) return variants.error();
  const Result<MeasuredGpus> planned = planned_machine(site, variants->front());
  if (!planned) return planned.error();
  if (Status added = add_unequal_variants(*known, planned->machine, request, directory->path(), *variants); !added)
    return added.error();
  Result<std::vector<std::string>> said = request.target ? add_up(site, *variants) : measure(site, *variants);
  if (!said) return said.error();

  Plan plan{.model = request.model.filename().string(),
            .model_hash = *hash,
            .machine = request.target ? request.target->id() : machine.id(),
            .engine = known->costs.engine,
            .signature = known->model.signature(),
            .shapes = known->costs.shapes,
            .tensors = edge_tensors(*known, *variants),
            .nodes = plan_nodes(*known),
            .variants = *std::move(variants),
            .prediction = {}};
  Result<Prediction> prediction = predict(plan, planned->machine, request.slo);
  if (!prediction) return prediction.error();
  plan.prediction = *std::move(prediction);
  for (const std::vector<std::string>& more : {planned->said, *said})
    plan.prediction.estimates.insert(plan.prediction.estimates.end(), more.begin(), more.end());
  if (Status written = write_file(directory->path() / costs_file, to_json(known->costs)); !written) return written.error();
  if (Status written = write_file(directory->path() / "plan.json", to_json(plan)); !written) return written.error();
  if (Status placed = directory->commit(); !placed) return placed.error();
  request.progress("plan ready", 1.0);
  return plan;
}

}  // namespace staronnx
