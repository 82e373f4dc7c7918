// What segments really cost: measured on the built files, remembered between runs; private to this room.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "staronnx/base/result.h"
#include "staronnx/execute/engine.h"
#include "staronnx/machine/machine.h"
#include "staronnx/plan/plan.h"
#include "staronnx/plan/study.h"

namespace staronnx {

// Share of the machine that others may use while it is measured without a word, and without measuring once more.
constexpr double kQuiet = 0.1;

struct CutTimes {
  std::vector<CpuTimes> segments;  // empty: the segment's provider, OpenVINO, cannot run it, or not well
  std::vector<std::string> notes;  // on each segment's provider: why it cannot, or what it leaves to another; mostly empty
  double others_share = 0;         // of the machine, that other programs used meanwhile
};

class SegmentCosts {
 public:
  // `directory` holds the segments' files, `cache` is a folder, which nothing is taken from when `fresh`. `study` outlives the object.
  SegmentCosts(const Machine& machine, Engine& engine, const Study& study, std::filesystem::path directory,
               const std::filesystem::path& cache, bool fresh);
  ~SegmentCosts();

  // With the providers of the variant's segments; from the cache where this very cut was measured before with them. Segments are fed
  // with the tensors that those before them write with ONNX Runtime's own provider, and what OpenVINO writes must be the same within
  // another_provider_tolerance. `batch`: how many requests are one run.
  Result<CutTimes> measure(const Variant& variant, const std::vector<int>& widths, int batch = 1);

  bool knows(const Variant& variant, const std::vector<int>& widths, int batch = 1) const;

  // What remember() was told about this question on this machine.
  std::optional<std::size_t> remembered(const std::string& question) const;
  void remember(const std::string& question, std::size_t answer);

  Status save() const;  // the cache, if anything is new

 private:
  struct Cache;
  using Tensors = std::map<std::string, Tensor>;

  struct SegmentTimes {
    CpuTimes times;
    std::string note;
  };

  // Adds what the segment writes to `tensors`.
  Result<SegmentTimes> measure_segment(const Segment& segment, const std::vector<int>& widths, Tensors& tensors);
  Result<SegmentTimes> measure_openvino(const Segment& segment, const std::vector<int>& widths, Tensors& tensors);
  Result<SegmentTimes> time(const Segment& segment, const std::vector<int>& widths, const Tensors& tensors, Tensors& written);

  const Machine& machine_;
  Engine& engine_;
  const Study& study_;
  std::filesystem::path directory_;
  std::unique_ptr<Cache> cache_;
};

}  // namespace staronnx
