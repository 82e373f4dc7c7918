// What each node costs on this machine, and how large each tensor is: measured once per model and machine, then cached.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/base/units.h"
#include "staronnx/machine/machine.h"
#include "staronnx/model/model.h"

namespace staronnx {

struct CostProfile {
  std::string model_hash;     // of the original model file
  std::string machine_id;     // Machine::id()
  std::string engine;         // "onnxruntime 1.32.0"
  std::vector<Shape> shapes;  // one per input
  std::vector<int> widths;    // thread counts measured, ascending, beginning with 1

  // [width][model node]: time of one run, scaled so that a row adds up to `whole` (which is measured with all optimisations). 0 for a
  // node that ONNX Runtime did not run or took out.
  std::vector<std::vector<Microseconds>> node_time;
  std::vector<Microseconds> whole;  // [width]
  // Type and shape of every tensor that a node produced, by name, in the runs measured.
  std::map<std::string, TensorInfo> tensors;

  Bytes bytes_of(const std::string& tensor) const;  // 0 when unknown
};

struct ProfileRequest {
  std::filesystem::path model_file;  // the normalized model, on disk
  const Model* model = nullptr;      // the same, loaded; not owned
  std::string model_hash;
  std::vector<Tensor> inputs;  // one per input
  std::vector<int> widths;
  bool fresh = false;  // measure also what the cache has
  Seconds budget{3};   // for each width; ResNet-50 on one core runs 27 times in each third of it
};

// Measures, or takes from the cache. `progress` gets a line of text for people and the share done, 0..1, perhaps on another thread.
// A cache file that is damaged or was made for something else is replaced. Fails when the model cannot be run, when a width has more
// cores than the machine, and when the cache cannot be written.
Result<CostProfile> profile_of(const Machine& machine, const ProfileRequest& request,
                               const std::filesystem::path& cache_directory,
                               const std::function<void(const std::string&, double)>& progress);

// As JSON text, with units in the names, and back. Parsing refuses missing fields, negative and non-finite times.
std::string to_json(const CostProfile& profile);
Result<CostProfile> parse_cost_profile(const std::string& json);
Result<CostProfile> load_cost_profile(const std::filesystem::path& file);

// $XDG_CACHE_HOME/staronnx, else ~/.cache/staronnx, else a staronnx folder in the temporary directory.
std::filesystem::path default_cache_directory();

}  // namespace staronnx
