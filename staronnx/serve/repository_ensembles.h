// Which models of a repository need which: ensembles need the models of their steps. Pure; private to this room.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "staronnx/serve/repository.h"

namespace staronnx {

// The models of an ensemble's steps, by name; none of any other model.
std::set<std::string> needed_by(const ModelConfig& config);

// `names`, and all that they need by what the content has of them.
std::set<std::string> with_needed(const RepositoryContent& content, std::set<std::string> names);

// All names, each after those that it needs. Ensembles that need themselves come last.
std::vector<std::string> needed_first(const RepositoryContent& content);

// All that need `name`, themselves or through others, each before those that it needs; and `name`, last.
std::vector<std::string> with_dependents(const RepositoryContent& content, const std::string& name);

}  // namespace staronnx
