#include "staronnx/model/bodies.h"

#include <set>
#include <string_view>

namespace staronnx {
namespace {

// Names in order of first use.
class UniqueNames {
 public:
  void add(const std::string& name) {
    if (!name.empty() && seen_.insert(name).second) names_.push_back(name);
  }
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::set<std::string> seen_;
  std::vector<std::string> names_;
};

std::set<std::string_view> defined_in(const onnx::GraphProto& graph) {
  std::set<std::string_view> names;
  for (const onnx::ValueInfoProto& input : graph.input()) names.insert(input.name());
  for (const onnx::TensorProto& tensor : graph.initializer()) names.insert(tensor.name());
  for (const onnx::SparseTensorProto& tensor : graph.sparse_initializer()) names.insert(tensor.values().name());
  for (const onnx::NodeProto& node : graph.node()) names.insert(node.output().begin(), node.output().end());
  return names;
}

// What `graph` reads and does not define.
std::vector<std::string> free_names(const onnx::GraphProto& graph) {
  UniqueNames used;
  for (const onnx::NodeProto& node : graph.node()) {
    for (const std::string& name : node.input()) used.add(name);
    for (const std::string& name : captured_by(node)) used.add(name);
  }
  for (const onnx::ValueInfoProto& output : graph.output()) used.add(output.name());
  const std::set<std::string_view> defined = defined_in(graph);
  std::vector<std::string> free;
  for (const std::string& name : used.names()) {
    if (!defined.contains(name)) free.push_back(name);
  }
  return free;
}

}  // namespace

std::vector<std::string> captured_by(const onnx::NodeProto& node) {
  UniqueNames captured;
  for_each_body(node, [&](const onnx::GraphProto& body) {
    for (const std::string& name : free_names(body)) captured.add(name);
  });
  return captured.names();
}

}  // namespace staronnx
