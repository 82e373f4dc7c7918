#include "staronnx/profile/cost_profile.h"

#include <iterator>
#include <optional>
#include <utility>

#include "staronnx/base/short_hash.h"
#include "staronnx/base/write_file.h"
#include "staronnx/execute/engine.h"
#include "staronnx/execute/node_timing.h"

namespace staronnx {
namespace {

using Progress = std::function<void(const std::string&, double)>;

// The profile without measurements.
CostProfile blank(const Machine& machine, const ProfileRequest& request) {
  CostProfile profile;
  profile.model_hash = request.model_hash;
  profile.machine_id = machine.id();
  profile.engine = "onnxruntime " + onnxruntime_version();
  for (const Tensor& input : request.inputs) profile.shapes.push_back(input.shape());
  profile.widths = request.widths;
  return profile;
}

// Everything that the measurements depend on, the order of the nodes included.
std::filesystem::path cache_file(const CostProfile& profile, const ProfileRequest& request,
                                 const std::filesystem::path& cache_directory) {
  std::string key = to_json(profile) + std::to_string(request.budget.count());
  for (const ModelNode& node : request.model->nodes()) key += node.name + '\n';
  return cache_directory / "profiles" / (short_hash(key) + ".json");
}

// What an earlier call measured for the same request.
std::optional<CostProfile> cached(const std::filesystem::path& file, const CostProfile& wanted, const Model& model) {
  const Result<CostProfile> found = load_cost_profile(file);
  const bool same = found && found->model_hash == wanted.model_hash && found->machine_id == wanted.machine_id &&
                    found->engine == wanted.engine && found->shapes == wanted.shapes && found->widths == wanted.widths &&
                    found->node_time[0].size() == model.nodes().size();
  return same ? std::optional(*found) : std::nullopt;
}

// By position in Model::nodes(), adding up to `timing.whole`.
std::vector<Microseconds> scaled_row(const Model& model, const ModelTiming& timing) {
  std::vector<Microseconds> row;
  Microseconds sum{};
  for (const ModelNode& node : model.nodes()) {
    const auto found = timing.by_node.find(node.name);
    row.push_back(found == timing.by_node.end() ? Microseconds(0) : found->second.time);
    sum += row.back();
  }
  // Nodes that are all too short for the profiler's clock (1 us) are taken to be alike.
  const double alike = timing.whole / Microseconds(1) / static_cast<double>(row.size());
  for (Microseconds& time : row) time = sum.count() > 0 ? time * (timing.whole / sum) : Microseconds(alike);
  return row;
}

void add_tensors(const Model& model, const ModelTiming& timing, std::map<std::string, TensorInfo>& tensors) {
  for (const ModelNode& node : model.nodes()) {
    const auto found = timing.by_node.find(node.name);
    if (found == timing.by_node.end()) continue;
    std::vector<std::string> names = node.outputs;
    std::erase(names, "");
    const std::vector<TensorInfo>& outputs = found->second.outputs;
    if (names.size() != outputs.size()) continue;  // some are no tensors: which is not said
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (outputs[i].type == DataType::undefined) continue;
      TensorInfo& info = tensors[names[i]] = outputs[i];
      info.name = names[i];
    }
  }
}

std::string description(const ProfileRequest& request, int width) {
  return "timing " + std::to_string(request.model->nodes().size()) + " nodes on " + std::to_string(width) +
         (width == 1 ? " core" : " cores");
}

Status measure(const Machine& machine, const ProfileRequest& request, const Progress& progress, CostProfile& profile) {
  std::vector<TensorView> inputs;
  for (const Tensor& input : request.inputs) inputs.push_back(input.view());
  for (std::size_t i = 0; i < profile.widths.size(); ++i) {
    const Result<std::vector<CoreGroup>> groups = core_groups(machine, std::to_string(profile.widths[i]));
    if (!groups) return groups.error();
    const Result<ModelTiming> timing = time_nodes(request.model_file, groups->front(), inputs, request.budget, [&](double done) {
      progress(description(request, profile.widths[i]),
               (static_cast<double>(i) + done) / static_cast<double>(profile.widths.size()));
    });
    if (!timing) return timing.error();
    profile.whole.push_back(timing->whole);
    profile.node_time.push_back(scaled_row(*request.model, *timing));
    add_tensors(*request.model, *timing, profile.tensors);
  }
  return {};
}

}  // namespace

Bytes CostProfile::bytes_of(const std::string& tensor) const {
  const auto found = tensors.find(tensor);
  if (found == tensors.end()) return Bytes{};
  return byte_size(found->second.type, found->second.shape).value_or(Bytes{});
}

Result<CostProfile> profile_of(const Machine& machine, const ProfileRequest& request,
                               const std::filesystem::path& cache_directory, const Progress& progress) {
  CostProfile profile = blank(machine, request);
  const std::filesystem::path file = cache_file(profile, request, cache_directory);
  if (std::optional<CostProfile> known = request.fresh ? std::nullopt : cached(file, profile, *request.model)) {
    progress("node times taken from " + file.string(), 1.0);
    return *std::move(known);
  }
  if (Status measured = measure(machine, request, progress, profile); !measured) return measured.error();
  if (Status written = write_file(file, to_json(profile)); !written) return written.error();
  return profile;
}

}  // namespace staronnx
