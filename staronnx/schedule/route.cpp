#include "staronnx/schedule/route.h"

#include <map>
#include <set>
#include <string_view>

namespace staronnx {
namespace {

class RouteBuilder {
 public:
  RouteBuilder(const Plan& plan, const Variant& variant) : plan_(plan), variant_(variant) {}

  Status add_input(const std::string& name) { return add_tensor(name, std::nullopt); }

  Status add_segment(const Segment& segment) {
    SegmentRoute made;
    std::set<std::size_t> predecessors;
    for (const std::string& name : segment.inputs) {
      const auto found = numbers_.find(name);
      if (found == numbers_.end()) return wrong("segment " + segment.file + " reads '" + name + "', which no earlier one writes");
      made.reads.push_back(found->second);
      if (const std::optional<Producer>& producer = route_.tensors[found->second].producer)
        predecessors.insert(producer->segment);
    }
    made.predecessors = predecessors.size();
    for (const std::size_t predecessor : predecessors) {
      route_.segments[predecessor].successors.push_back(route_.segments.size());
    }
    for (const std::string& name : segment.outputs) {
      made.writes.push_back(route_.tensors.size());
      if (Status added = add_tensor(name, Producer{route_.segments.size(), made.writes.size() - 1}); !added) return added;
    }
    route_.segments.push_back(std::move(made));
    return {};
  }

  Status add_output(const std::string& name) {
    const auto found = numbers_.find(name);
    if (found == numbers_.end()) return wrong("no segment writes the model's output '" + name + "'");
    route_.outputs.push_back(found->second);
    return {};
  }

  Route take() { return std::move(route_); }

 private:
  Status add_tensor(const std::string& name, std::optional<Producer> producer) {
    const auto planned = plan_.tensors.find(name);
    const Bytes bytes = planned == plan_.tensors.end() ? Bytes{} : planned->second.bytes;
    if (!numbers_.emplace(name, route_.tensors.size()).second) return wrong("tensor '" + name + "' is written twice");
    route_.tensors.push_back({name, bytes, producer});
    return {};
  }

  Error wrong(const std::string& what) const {
    return Error{ErrorCode::invalid_argument, "variant " + variant_.name + " of the plan: " + what + "; plan the model again"};
  }

  const Plan& plan_;
  const Variant& variant_;
  Route route_;
  std::map<std::string, std::size_t, std::less<>> numbers_;
};

}  // namespace

Result<Route> route_of(const Plan& plan, const Variant& variant) {
  RouteBuilder builder(plan, variant);
  for (const TensorInfo& input : plan.signature.inputs) {
    if (Status added = builder.add_input(input.name); !added) return added.error();
  }
  for (const Segment& segment : variant.segments) {
    if (Status added = builder.add_segment(segment); !added) return added.error();
  }
  for (const TensorInfo& output : plan.signature.outputs) {
    if (Status added = builder.add_output(output.name); !added) return added.error();
  }
  return builder.take();
}

}  // namespace staronnx
