// Plans of ONNX files that are served without one, made in passing and kept on disk, so that the second start is quick.
#pragma once

#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/execute/engine.h"
#include "staronnx/machine/machine.h"
#include "staronnx/plan/plan.h"
#include "staronnx/serve/served_model.h"

namespace staronnx {

struct PlanOnDisk {
  Plan plan;
  std::filesystem::path directory;
};

// Thread-safe; but plans are made one at a time, as what they are made of is measured.
class PlanCache {
 public:
  struct Options {
    std::filesystem::path directory;  // plans go to plans/ below it, one directory for what they were made from
    std::vector<int> widths = {1};    // of core groups that will run segments, beginning with 1
    std::function<void(const std::string& model, const std::string& what)> progress;  // for people
  };

  // `machine` and `engine` outlive the cache.
  PlanCache(const Machine& machine, Engine& engine, Options options)
      : machine_(machine), engine_(engine), options_(std::move(options)) {}

  // The plan in the directory that `request` names; or that of the file, from the cache if the same file was planned for this machine, these
  // widths and shapes. Dynamic dimensions whose size the request does not say are planned as 1 when they may be the batch's (the first
  // of an input), and else as 128: that says for what costs are measured, not what requests may have.
  Result<PlanOnDisk> plan_for(const LoadRequest& request);

 private:
  Result<PlanOnDisk> make(const LoadRequest& request, const std::filesystem::path& directory) const;

  const Machine& machine_;
  Engine& engine_;
  const Options options_;
  std::mutex planning_;
};

// See PlanCache::plan_for().
ShapesByName shapes_to_plan(const Signature& signature, const ShapesByName& given);

}  // namespace staronnx
