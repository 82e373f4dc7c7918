#include "staronnx/schedule/prepared_segment.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "staronnx/schedule/slot.h"

namespace staronnx {

Microseconds expected_time(const Segment& segment, int width) {
  constexpr Microseconds least{1};
  if (segment.cpu_time.alone.empty()) return least;
  auto above = segment.cpu_time.alone.upper_bound(width);
  if (above != segment.cpu_time.alone.begin()) --above;
  return std::max(least, above->second);
}

namespace {

std::vector<Microseconds> planned_by_kind(const std::vector<PreparedSegment::OnPlace>& on_place) {
  std::vector<Microseconds> planned;
  for (const PreparedSegment::OnPlace& place : on_place) {
    if (place.kind >= planned.size()) planned.resize(place.kind + 1, Microseconds(1));
    planned[place.kind] = place.planned;
  }
  return planned;
}

}  // namespace

PreparedSegment::PreparedSegment(std::string name, std::size_t reads, std::size_t writes, std::vector<OnPlace> on_place)
    : name_(std::move(name)),
      on_place_(std::move(on_place)),
      costs_(planned_by_kind(on_place_)),
      reads_(reads),
      modes_(reads, STARPU_R) {
  modes_.resize(reads + writes, STARPU_W);
  cost_.type = STARPU_PER_WORKER;
  cost_.worker_cost_function = staronnx_cost_of_segment_task;
  cost_.symbol = name_.c_str();
  starpu_codelet_init(&codelet_);
  codelet_.name = name_.c_str();
  codelet_.cpu_funcs[0] = staronnx_run_segment_task;
  codelet_.cpu_funcs_name[0] = "staronnx_run_segment_task";
  codelet_.model = &cost_;
  codelet_.nbuffers = static_cast<int>(modes_.size());
  if (modes_.size() > STARPU_NMAXBUFS) {
    codelet_.dyn_modes = modes_.data();
  } else {
    std::copy(modes_.begin(), modes_.end(), std::begin(codelet_.modes));
  }
}

Microseconds PreparedSegment::expected(std::size_t place) const {
  const std::lock_guard lock(mutex_);
  return costs_.expected(on_place_[place].kind);
}

void PreparedSegment::observe(std::size_t place, Microseconds took) {
  const std::lock_guard lock(mutex_);
  costs_.observe(on_place_[place].kind, took);
}

PreparedSegment::~PreparedSegment() {
  if (cost_.is_init) starpu_perfmodel_deinit(&cost_);
}

}  // namespace staronnx
