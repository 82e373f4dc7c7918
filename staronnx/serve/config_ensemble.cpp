#include "staronnx/serve/config_ensemble.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "staronnx/serve/ensemble_graph.h"

namespace staronnx {
namespace {

constexpr std::string_view steps = "ensemble_scheduling.step";

std::string item(std::string_view list, int index) {
  return std::string(list) + '[' + std::to_string(index) + ']';
}

// Fields that are for models that StarONNX itself runs.
Status check_other_fields(const ConfigText& text) {
  const inference::ModelConfig& config = text.message();
  const std::string remedy = "is for models that are no ensembles; write it in the configurations of the models of the steps";
  if (!config.platform().empty() && config.platform() != "ensemble")
    return text.refusal("platform", "is '" + config.platform() + "'; write 'ensemble', or remove ensemble_scheduling");
  if (!config.backend().empty()) return text.refusal("backend", "is for models that are no ensembles; remove the field");
  if (!config.default_model_filename().empty())
    return text.refusal("default_model_filename", "is for models that are no ensembles; remove the field");
  if (config.instance_group_size() > 0) return text.refusal("instance_group", remedy);
  if (config.model_warmup_size() > 0) return text.refusal("model_warmup", remedy);
  for (const auto& [key, parameter] : config.parameters()) {
    if (key.starts_with("staronnx.")) return text.refusal("parameters", "'" + key + "' " + remedy);
  }
  return {};
}

template <class Tensors>
Status check_types(const ConfigText& text, std::string_view list, const Tensors& tensors) {
  for (int i = 0; i < tensors.size(); ++i) {
    if (tensors[i].data_type() == inference::TYPE_INVALID)
      return text.refusal(item(list, i), "has no data_type; an ensemble's must be written, with its dims");
  }
  return {};
}

Status check_step(const ConfigText& text, const std::string& path, const inference::ModelEnsembling::Step& step,
                  std::string_view name) {
  if (step.model_name().empty()) return text.refusal(path, "has no model_name; write that of a model in the repository");
  if (step.model_name() == name) return text.refusal(path + ".model_name", "is the ensemble itself; write another model");
  if (step.model_version() < -1)
    return text.refusal(path + ".model_version",
                        "is " + std::to_string(step.model_version()) + "; write a version, or -1 for the latest");
  if (step.input_map().empty()) return text.refusal(path, "has no input_map; map the model's inputs to tensors");
  if (step.output_map().empty()) return text.refusal(path, "has no output_map; map the model's outputs to tensors");
  return {};
}

constexpr int no_step = -1;

// Who writes a tensor, by its name: a step, or no_step for an input of the ensemble.
using Writers = std::map<std::string, int>;

// In the order of names, so that of several errors it is always the same one that is said.
std::map<std::string, std::string> sorted(const google::protobuf::Map<std::string, std::string>& map) {
  return {map.begin(), map.end()};
}

Result<Writers> writers_in(const ConfigText& text) {
  const inference::ModelConfig& config = text.message();
  Writers writers;
  for (const inference::ModelInput& input : config.input()) writers.emplace(input.name(), no_step);
  for (int i = 0; i < config.ensemble_scheduling().step_size(); ++i) {
    for (const auto& [output, tensor] : sorted(config.ensemble_scheduling().step(i).output_map())) {
      const auto [before, added] = writers.emplace(tensor, i);
      if (added) continue;
      const std::string writer =
          before->second == no_step ? "is an input of the ensemble" : item(steps, before->second) + " writes";
      return text.refusal(item(steps, i) + ".output_map",
                          "writes tensor '" + tensor + "', which " + writer + "; give one of them another name");
    }
  }
  return writers;
}

// Every tensor that is read is written. Returns those that steps read.
Result<std::set<std::string>> read_in(const ConfigText& text, const Writers& writers) {
  const inference::ModelEnsembling& ensemble = text.message().ensemble_scheduling();
  std::set<std::string> read;
  for (int i = 0; i < ensemble.step_size(); ++i) {
    for (const auto& [input, tensor] : sorted(ensemble.step(i).input_map())) {
      if (!writers.contains(tensor))
        return text.refusal(item(steps, i) + ".input_map",
                            "reads tensor '" + tensor +
                                "', which no step writes and which is no input of the ensemble; write one of its tensors");
      read.insert(tensor);
    }
  }
  return read;
}

// Every tensor that is written is read, by a step or as an output.
Status check_use(const ConfigText& text, const Writers& writers, const std::set<std::string>& read) {
  const inference::ModelConfig& config = text.message();
  for (int i = 0; i < config.input_size(); ++i) {
    if (!read.contains(config.input(i).name()))
      return text.refusal(item("input", i), "is tensor '" + config.input(i).name() + "', which no step reads; remove it");
  }
  std::set<std::string> outputs;
  for (int i = 0; i < config.output_size(); ++i) {
    const std::string& name = config.output(i).name();
    const auto writer = writers.find(name);
    if (writer == writers.end() || writer->second == no_step)
      return text.refusal(item("output", i), "is tensor '" + name + "', which no step writes; write it in an output_map");
    outputs.insert(name);
  }
  for (const auto& [tensor, writer] : writers) {
    if (!read.contains(tensor) && !outputs.contains(tensor))
      return text.refusal(item(steps, writer) + ".output_map",
                          "writes tensor '" + tensor + "', which no step reads and which is no output; remove it");
  }
  return {};
}

// Who goes on and on from a step that never runs to another that writes for it, and never runs either, ends in a circle.
Status check_circles(const ConfigText& text, const Writers& writers) {
  const inference::ModelEnsembling& ensemble = text.message().ensemble_scheduling();
  std::set<int> run;
  for (const EnsembleGraph::Step& step : graph_of(text.message()).steps) run.insert(step.position);
  int at = 0;
  while (run.contains(at)) ++at;
  if (at == ensemble.step_size()) return {};
  std::string by;
  for (int move = 0; move < ensemble.step_size(); ++move) {
    const auto never = [&](const auto& wire) {
      return writers.at(wire.second) != no_step && !run.contains(writers.at(wire.second));
    };
    const std::map<std::string, std::string> inputs = sorted(ensemble.step(at).input_map());
    by = std::ranges::find_if(inputs, never)->second;
    at = writers.at(by);
  }
  return text.refusal(item(steps, at),
                      "waits for itself: what it reads comes of tensor '" + by + "', which it writes; break the circle");
}

}  // namespace

Status check_ensemble(const ConfigText& text, std::string_view name) {
  const inference::ModelConfig& config = text.message();
  if (!config.has_ensemble_scheduling()) {
    if (config.platform() != "ensemble") return {};
    return text.refusal("platform", "is 'ensemble', but there is no ensemble_scheduling; write its steps");
  }
  if (Status checked = check_other_fields(text); !checked) return checked;
  if (Status checked = check_types(text, "input", config.input()); !checked) return checked;
  if (Status checked = check_types(text, "output", config.output()); !checked) return checked;
  if (config.ensemble_scheduling().step().empty()) return text.refusal("ensemble_scheduling", "has no step; write at least one");
  for (int i = 0; i < config.ensemble_scheduling().step_size(); ++i) {
    if (Status checked = check_step(text, item(steps, i), config.ensemble_scheduling().step(i), name); !checked) return checked;
  }
  const Result<Writers> writers = writers_in(text);
  if (!writers) return writers.error();
  const Result<std::set<std::string>> read = read_in(text, *writers);
  if (!read) return read.error();
  if (Status checked = check_use(text, *writers, *read); !checked) return checked;
  return check_circles(text, *writers);
}

}  // namespace staronnx
