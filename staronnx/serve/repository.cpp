#include "staronnx/serve/repository.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <optional>
#include <set>
#include <system_error>

#include "staronnx/base/read_file.h"
#include "staronnx/base/write_file.h"
#include "staronnx/model/utf8.h"
#include "staronnx/serve/config_check.h"
#include "staronnx/serve/proto/model_config.pb.h"

namespace staronnx {
namespace {

namespace fs = std::filesystem;

constexpr const char* config_file = "config.pbtxt";

std::vector<fs::path> sorted_entries(const fs::path& folder, std::error_code& problem) {
  std::vector<fs::path> entries;
  for (fs::directory_iterator entry(folder, problem), end; !problem && entry != end; entry.increment(problem)) {
    if (!entry->path().filename().string().starts_with('.')) entries.push_back(entry->path());
  }
  std::ranges::sort(entries);
  return entries;
}

std::optional<std::int64_t> version_named(const std::string& name) {
  std::int64_t version = 0;
  const auto [end, problem] = std::from_chars(name.data(), name.data() + name.size(), version);
  if (problem != std::errc() || end != name.data() + name.size() || version < 1 || name.front() == '0') return std::nullopt;
  return version;
}

std::set<std::int64_t> versions_in(const fs::path& folder) {
  std::set<std::int64_t> versions;
  std::error_code problem;
  for (const fs::path& entry : sorted_entries(folder, problem)) {
    const std::optional<std::int64_t> version = version_named(entry.filename().string());
    if (version && fs::is_directory(entry, problem)) versions.insert(*version);
  }
  return versions;
}

// Also those that the policy names and that are not there.
std::set<std::int64_t> served_versions(const inference::ModelVersionPolicy& policy, const std::set<std::int64_t>& present) {
  if (policy.has_all()) return present;
  if (policy.has_specific()) return {policy.specific().versions().begin(), policy.specific().versions().end()};
  const std::size_t wanted = policy.has_latest() ? policy.latest().num_versions() : 1;
  const std::size_t left_out = present.size() - std::min(present.size(), wanted);
  return {std::next(present.begin(), static_cast<std::ptrdiff_t>(left_out)), present.end()};
}

void add_stamp(const fs::path& file, std::vector<FileStamp>& stamps) {
  std::error_code problem;
  FileStamp stamp{file, fs::file_size(file, problem), {}};
  if (!problem) stamp.written = fs::last_write_time(file, problem);
  if (!problem) stamps.push_back(std::move(stamp));
}

// Of the files beside the versions.
std::vector<FileStamp> stamps_in(const fs::path& folder) {
  std::vector<FileStamp> stamps;
  std::error_code problem;
  for (const fs::path& entry : sorted_entries(folder, problem)) {
    if (fs::is_regular_file(entry, problem)) add_stamp(entry, stamps);
  }
  return stamps;
}

// Those and the version's.
std::vector<FileStamp> with_version(std::vector<FileStamp> stamps, const fs::path& folder, std::int64_t version) {
  std::error_code problem;
  const fs::path own = folder / std::to_string(version);
  for (fs::recursive_directory_iterator entry(own, problem), end; !problem && entry != end; entry.increment(problem)) {
    if (entry->is_regular_file(problem)) add_stamp(entry->path(), stamps);
  }
  std::ranges::sort(stamps, {}, &FileStamp::file);
  return stamps;
}

RepositoryVersion look_at_version(const fs::path& folder, std::int64_t version, const ModelConfig& config,
                                  const std::vector<FileStamp>& beside) {
  std::error_code problem;
  const fs::path own = folder / std::to_string(version);
  if (config.is_ensemble() && fs::is_directory(own, problem)) return {own, with_version(beside, folder, version)};
  if (config.is_ensemble())
    return {Error{ErrorCode::not_found, "'" + own.string() + "' is missing; make the folder, which may be empty"}, {}};
  const fs::path model = own / config.model_file();
  if (fs::is_regular_file(model, problem)) return {model, with_version(beside, folder, version)};
  return {Error{ErrorCode::not_found,
                "'" + model.string() + "' is missing; put the model there, or name its file by default_model_filename"},
          with_version(beside, folder, version)};
}

Result<ModelConfig> config_in(const fs::path& folder, const std::string& name) {
  const fs::path file = folder / config_file;
  std::error_code problem;
  if (!fs::exists(file, problem)) return ModelConfig(name);
  const std::optional<std::string> text = read_file(file);
  if (!text) return Error{ErrorCode::not_found, "'" + file.string() + "' cannot be read; see its permissions"};
  return ModelConfig::parse(*text, file.string(), name);
}

bool names_model(const std::string& name) {
  return names_file(name) && !name.starts_with('.');
}

bool has_model(const fs::path& repository, const std::string& name) {
  std::error_code problem;
  return names_model(name) && fs::is_directory(repository / name, problem);
}

bool is_in_model(const std::string& file) {
  const std::size_t slash = file.find('/');
  if (slash == std::string::npos) return names_file(file);
  return version_named(file.substr(0, slash)) && names_file(file.substr(slash + 1));
}

Error in_several(const std::string& name, const fs::path& repository) {
  return {ErrorCode::already_exists,
          "'" + name + "' is in more than one repository, '" + repository.string() + "' among them; leave it in one"};
}

// Those of `wanted` that `other` does not have, or that differ there.
template <class Same>
void add_missing(const std::string& name, const RepositoryModel& wanted, const RepositoryModel* other, const Same& same,
                 std::vector<ModelVersion>& found) {
  for (const auto& [number, version] : wanted.versions) {
    if (!version.model) continue;
    const auto there = other == nullptr ? wanted.versions.end() : other->versions.find(number);
    const bool has = other != nullptr && there != other->versions.end() && there->second.model.ok();
    if (!has || !same(version, there->second)) found.push_back({name, number});
  }
}

const RepositoryModel* model_in(const RepositoryContent& content, const std::string& name) {
  const auto found = content.find(name);
  return found == content.end() || !found->second ? nullptr : &*found->second;
}

}  // namespace

Result<RepositoryModel> look_at_model(const fs::path& repository, const std::string& name,
                                      const std::optional<ModelConfig>& given) {
  const fs::path folder = repository / name;
  if (!has_model(repository, name))
    return Error{ErrorCode::not_found, "there is no model '" + name + "' in '" + repository.string() + "'"};
  if (!utf32_of(name))
    return Error{ErrorCode::invalid_argument, "the name of '" + folder.string() + "' is not valid UTF-8; rename it"};
  const std::vector<FileStamp> beside =
      stamps_in(folder);  // first: a configuration that changes while it is read is other the next time
  Result<ModelConfig> config = given ? Result<ModelConfig>(*given) : config_in(folder, name);
  if (!config) return config.error();
  RepositoryModel model{folder, *std::move(config), {}};
  for (const std::int64_t version : served_versions(model.config.message().version_policy(), versions_in(folder)))
    model.versions.emplace(version, look_at_version(folder, version, model.config, beside));
  if (!model.versions.empty()) return model;
  if (model.config.is_ensemble())
    return Error{ErrorCode::not_found,
                 "'" + folder.string() + "' has no version, which an ensemble needs, too; make an empty folder '1' there"};
  return Error{ErrorCode::not_found,
               "'" + folder.string() + "' has no version; put the model there as '1/" + model.config.model_file() + "'"};
}

Result<RepositoryModel> write_model(const fs::path& repository, const std::string& name, const ModelConfig& config,
                                    const ModelFiles& files) {
  if (!names_model(name)) return Error{ErrorCode::invalid_argument, "'" + name + "' cannot be the name of a model"};
  for (const auto& [file, content] : files) {
    if (!is_in_model(file))
      return Error{ErrorCode::invalid_argument,
                   "'" + file + "' is no place in a model's folder; write a version and a name, such as '1/model.onnx'"};
    if (Status written = write_file(repository / name / file, content); !written) return written.error();
  }
  return look_at_model(repository, name, config);
}

Result<RepositoryModel> look_for_model(std::span<const fs::path> repositories, const std::string& name,
                                       const std::optional<ModelConfig>& config) {
  std::vector<fs::path> with_it;
  std::ranges::copy_if(repositories, std::back_inserter(with_it), [&](const fs::path& one) { return has_model(one, name); });
  if (with_it.empty()) return Error{ErrorCode::not_found, "there is no model '" + name + "' in the repositories that are served"};
  if (with_it.size() > 1) return in_several(name, with_it.back());
  return look_at_model(with_it.front(), name, config);
}

Result<RepositoryContent> look_at(std::span<const fs::path> repositories) {
  RepositoryContent content;
  for (const fs::path& repository : repositories) {
    std::error_code problem;
    const std::vector<fs::path> entries = sorted_entries(repository, problem);
    if (problem)
      return Error{ErrorCode::not_found,
                   "the model repository '" + repository.string() + "' cannot be read: " + problem.message()};
    for (const fs::path& entry : entries) {
      const std::string name = entry.filename().string();
      if (!fs::is_directory(entry, problem)) continue;
      const auto [at, added] = content.emplace(name, look_at_model(repository, name));
      if (!added) at->second = in_several(name, repository);
    }
  }
  return content;
}

RepositoryChanges changes_between(const RepositoryContent& before, const RepositoryContent& now) {
  RepositoryChanges changes;
  const auto same_files = [](const RepositoryVersion& a, const RepositoryVersion& b) { return a.files == b.files; };
  const auto any = [](const RepositoryVersion&, const RepositoryVersion&) { return true; };
  for (const auto& [name, model] : now) {
    if (model) add_missing(name, *model, model_in(before, name), same_files, changes.load);
  }
  for (const auto& [name, model] : before) {
    if (!model) continue;
    if (const RepositoryModel* other = model_in(now, name)) add_missing(name, *model, other, any, changes.unload);
    if (now.contains(name)) continue;
    for (const auto& [number, version] : model->versions) changes.unload.push_back({name, number});  // though its file went first
  }
  return changes;
}

}  // namespace staronnx
