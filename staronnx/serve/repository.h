// A model repository on disk:
//
//   <repository>/<model>/config.pbtxt          may be missing
//   <repository>/<model>/<version>/model.onnx  or what default_model_filename says; versions are numbers from 1; of an ensemble, the folder is all
//
// Looking at it changes nothing: what is found is a value, and two of them say what there is to load and to unload. Entries that begin with
// '.', files beside models, and folders of a model whose names are no versions are nobody's business here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/serve/model_config.h"

namespace staronnx {

// A file as it was when it was looked at: another one has another stamp.
struct FileStamp {
  std::filesystem::path file;
  std::uintmax_t size = 0;
  std::filesystem::file_time_type written = {};

  bool operator==(const FileStamp&) const = default;
};

struct RepositoryVersion {
  Result<std::filesystem::path> model;  // the ONNX file (an ensemble's folder), or why there is none: what is missing by its name
  std::vector<FileStamp> files;         // of the version and of the model's own folder
};

struct RepositoryModel {
  std::filesystem::path folder;
  ModelConfig config;                                  // as it is written
  std::map<std::int64_t, RepositoryVersion> versions;  // those that its policy serves
};

// By name: the models, or why one cannot be served at all.
using RepositoryContent = std::map<std::string, Result<RepositoryModel>>;

// Fails (not_found) when there is no such folder; else see RepositoryContent. invalid_argument: its configuration is wrong; not_found: it has
// none of the versions that are to be served. `config`: instead of what is written.
Result<RepositoryModel> look_at_model(const std::filesystem::path& repository, const std::string& name,
                                      const std::optional<ModelConfig>& config = {});

// The same of the only one of `repositories` that has it.
Result<RepositoryModel> look_for_model(std::span<const std::filesystem::path> repositories, const std::string& name,
                                       const std::optional<ModelConfig>& config = {});

// Contents by where they are in a model's folder: "<version>/<name>", or "<name>".
using ModelFiles = std::map<std::string, std::string>;

// Writes the model into `repository`, a folder of the caller's own, and looks at it there. invalid_argument also for files that would be
// elsewhere.
Result<RepositoryModel> write_model(const std::filesystem::path& repository, const std::string& name, const ModelConfig& config,
                                    const ModelFiles& files);

// All models of all repositories. A name that is in two of them is served out of none (already_exists). Fails when a repository itself
// cannot be read.
Result<RepositoryContent> look_at(std::span<const std::filesystem::path> repositories);

struct ModelVersion {
  std::string name;
  std::int64_t version = 1;

  auto operator<=>(const ModelVersion&) const = default;
};

struct RepositoryChanges {
  std::vector<ModelVersion> load;    // new, or some file of theirs is another
  std::vector<ModelVersion> unload;  // gone
};

// What is to be done when a repository was `before` and is `now`. A model that cannot be served any more, or not yet, stays as it is, so
// that a slip of the pen takes no model away; one that is not there any more goes.
RepositoryChanges changes_between(const RepositoryContent& before, const RepositoryContent& now);

}  // namespace staronnx
