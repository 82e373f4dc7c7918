#include "apps/plan_options.h"

#include <unistd.h>

#include <cstdio>
#include <map>
#include <set>

#include "apps/run_request.h"
#include "staronnx/machine/processor_class.h"
#include "staronnx/model/model.h"
#include "staronnx/profile/cost_profile.h"

namespace staronnx::apps {
namespace {

// What --segments and --shares ask for.
Status add_cuts(const std::vector<std::size_t>& segments, const std::string& shares, CompileRequest& request) {
  if (!shares.empty()) {
    Result<Shares> given = parse_shares(shares);
    if (!given) return given.error();
    if (segments.size() > 1 || (segments.size() == 1 && segments[0] != given->of_work.size())) {
      return Error{ErrorCode::invalid_argument, "--shares '" + shares + "' has " + std::to_string(given->of_work.size()) +
                                                    " numbers; --segments must be that number, or be left out"};
    }
    request.splits.push_back(*std::move(given));
    return {};
  }
  for (std::size_t k : segments) {
    if (k == 0) return Error{ErrorCode::invalid_argument, "--segments 0: a model has at least one segment"};
    if (k > 1) request.segments.push_back(k);
  }
  return {};
}

// 1, 2, 4 ... and the cores of a NUMA node, but those that drive GPUs: the widths of elastic groups; and all cores.
std::vector<int> widths_of(const Machine& machine) {
  std::map<int, int> cores_of_node;
  for (const Core& core : without_driving_cores(machine).cores) ++cores_of_node[core.numa_node];
  std::set<int> widths{static_cast<int>(machine.cores.size())};
  for (const auto& [node, cores] : cores_of_node) widths.insert(cores);
  for (int width = 1; width <= static_cast<int>(machine.cores.size()); width *= 2) widths.insert(width);
  return {widths.begin(), widths.end()};
}

}  // namespace

void PlanOptions::add_to(CLI::App& verb) {
  verb.add_option("--segments", segments, "Numbers of segments to cut the model into, such as 2,3")->delimiter(',');
  verb.add_option("--shares", shares,
                  "Share of the work of each segment, adding up to 1, such as 0.6,0.3,0.1 (default: where the cut is best)");
  verb.add_option("--input", inputs, "A tensor file, .npy or .pb: FILE in the model's order, or NAME=FILE");
  verb.add_option("--shape", shapes, "Shape of an input with dynamic dimensions, such as input:1x3x224x224 (repeat for each)");
}

Result<CompileRequest> PlanOptions::request(const Machine& machine, const std::filesystem::path& model,
                                            const std::filesystem::path& directory) const {
  CompileRequest request;
  request.model = model;
  request.directory = directory;
  request.cache = default_cache_directory();
  Result<ShapesByName> given = shapes_by_name(shapes);
  if (!given) return given.error();
  request.shapes = *std::move(given);
  if (shapes.empty() && !inputs.empty()) {
    Result<Model> loaded = Model::load(model);
    if (!loaded) return loaded.error();
    Result<std::vector<Tensor>> tensors = read_inputs(loaded->signature(), inputs);
    if (!tensors) return tensors.error();
    request.inputs = *std::move(tensors);
  }
  if (Status cuts = add_cuts(segments, shares, request); !cuts) return cuts.error();
  request.widths = widths_of(machine);
  request.progress = progress_on_stderr();
  return request;
}

Result<ShapesByName> shapes_by_name(const std::vector<std::string>& shapes) {
  ShapesByName given;
  for (const std::string& text : shapes) {
    Result<std::pair<std::string, Shape>> shape = parse_shape(text);
    if (!shape) return shape.error();
    if (!given.insert(*shape).second)
      return Error{ErrorCode::invalid_argument, "--shape " + text + ": input '" + shape->first + "' was given twice"};
  }
  return given;
}

std::function<void(const std::string&, double)> progress_on_stderr() {
  const bool terminal = isatty(STDERR_FILENO) != 0;
  return [terminal, last = std::string()](const std::string& what, double done) mutable {
    if (terminal) {
      std::fprintf(stderr, "\r\033[K[%3.0f %%] %s%s", 100 * done, what.c_str(), done >= 1 ? "\n" : "");
    } else if (what != last) {
      std::fprintf(stderr, "[%3.0f %%] %s\n", 100 * done, what.c_str());
      last = what;
    }
    std::fflush(stderr);
  };
}

}  // namespace staronnx::apps
