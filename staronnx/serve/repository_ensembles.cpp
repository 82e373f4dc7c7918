#include "staronnx/serve/repository_ensembles.h"

#include <algorithm>
#include <cstddef>

#include "staronnx/base/topological_order.h"
#include "staronnx/serve/proto/model_config.pb.h"

namespace staronnx {
namespace {

std::set<std::string> needed_by(const RepositoryContent& content, const std::string& name) {
  const auto found = content.find(name);
  return found == content.end() || !found->second ? std::set<std::string>() : needed_by(found->second->config);
}

}  // namespace

std::set<std::string> needed_by(const ModelConfig& config) {
  std::set<std::string> names;
  for (const inference::ModelEnsembling::Step& step : config.message().ensemble_scheduling().step())
    names.insert(step.model_name());
  return names;
}

std::set<std::string> with_needed(const RepositoryContent& content, std::set<std::string> names) {
  std::vector<std::string> look_at(names.begin(), names.end());
  while (!look_at.empty()) {
    const std::string name = look_at.back();
    look_at.pop_back();
    for (const std::string& needed : needed_by(content, name)) {
      if (names.insert(needed).second) look_at.push_back(needed);
    }
  }
  return names;
}

std::vector<std::string> needed_first(const RepositoryContent& content) {
  std::vector<std::string> names;
  for (const auto& [name, model] : content) names.push_back(name);
  Successors successors(names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    for (const std::string& needed : needed_by(content, names[i])) {
      const auto at = std::ranges::lower_bound(names, needed);
      if (at != names.end() && *at == needed) successors[static_cast<std::size_t>(at - names.begin())].push_back(i);
    }
  }
  std::vector<std::string> ordered;
  for (const std::size_t i : topological_order(successors)) ordered.push_back(names[i]);
  std::ranges::copy_if(names, std::back_inserter(ordered),
                       [&](const std::string& name) { return std::ranges::find(ordered, name) == ordered.end(); });
  return ordered;
}

std::vector<std::string> with_dependents(const RepositoryContent& content, const std::string& name) {
  std::vector<std::string> found = needed_first(content);
  std::ranges::reverse(found);
  std::erase_if(found, [&](const std::string& other) { return other == name || !with_needed(content, {other}).contains(name); });
  found.push_back(name);
  return found;
}

}  // namespace staronnx
