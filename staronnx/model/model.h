// An ONNX model as an immutable value: cheap to copy, safe to read from several threads.
//
// Weights kept in files beside the model (external data) are not read: the model refers to them, so models over 2 GB load at
// once. Only the top-level graph is looked at; bodies of If, Loop and Scan stay whole inside their node, and the outer tensors
// that a body captures count as inputs of that node.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "staronnx/base/ids.h"
#include "staronnx/base/result.h"
#include "staronnx/model/signature.h"

namespace staronnx {

// One node of the top-level graph. Names are empty strings where an optional input or output is left out.
struct ModelNode {
  std::string name;
  std::string op_type;  // "Conv"
  std::string domain;   // "" for ONNX's own
  std::vector<std::string> inputs;
  std::vector<std::string> captured;  // outer tensors that subgraph bodies read, each once
  std::vector<std::string> outputs;
};

class Model {
 public:
  // Reads and checks a model file. Fails on a file that is no ONNX model or larger than protobuf allows (2 GB: its weights belong
  // into external data), a graph that uses a tensor nobody produces, a cycle, and inputs or outputs that are no tensors
  // (sequences, maps, optionals: refused by name). Constant nodes are read as initializers.
  static Result<Model> load(const std::filesystem::path& file);

  const Signature& signature() const;
  // In topological order; NodeId is the position here.
  std::span<const ModelNode> nodes() const;
  // A constant of the graph that no request can override. (Before ir_version 4 that is every initializer: models list them as
  // inputs, too.)
  bool is_constant(std::string_view tensor) const;
  // An initializer, overridable or not.
  bool is_initializer(std::string_view tensor) const;
  // Element type, and shape if said (else any_shape), where the file says them (value_info, inputs, outputs, initializers); nothing
  // otherwise.
  std::optional<TensorInfo> tensor_info(std::string_view tensor) const;
  // False for a sequence, map or optional, which cannot leave a segment; judged by the file and by what the operators do.
  bool is_tensor(std::string_view name) const;

  // Writes the model. External data is not copied: it must already stand beside `file` under the same name.
  Status save(const std::filesystem::path& file) const;

  struct Content;  // the parsed file; private to this room (model/content.h)
  explicit Model(std::shared_ptr<const Content> content);
  const Content& content() const { return *content_; }

 private:
  std::shared_ptr<const Content> content_;
};

// A copy that can be measured and cut. `original` is the signature of the model as its user knows it: ONNX Runtime, saving an
// optimised model of ir_version 3, leaves behind inputs for the weights that it folded away, and they would have to be fed.
// - Every node, those in bodies too, has a name that no other has, free of quotes, so that costs can be matched by name.
// - Nodes whose results nobody needs are gone, so that every set of nodes has a result.
// - Every output is the result of a node: an Identity is added where it is a constant. (An output that is at the same time an
//   input of the same name stays: the request itself holds its value.)
// - Inputs are those of `original`. Fails when a node needs another one.
Result<Model> normalized(const Model& model, const Signature& original);

// The model that consists of `nodes` (ids of `model`, any order, each once): a segment. Its inputs are the tensors that the nodes
// use and do not produce (in order of first use), its outputs those that other nodes or the model's users need (in order of
// production); its constants are duplicated, or referred to when they are external; an initializer that a request may override
// stays an optional input. `types` gives type and shape, as they were in one run, for tensors that become inputs or outputs and
// of which the model's file does not say them. Of such a shape only what holds for every request is written: a dimension that
// follows from the data or from a dynamic input stays dynamic. Fails on a type that is known from neither, and on a cut through a
// sequence, map or optional.
Result<Model> extract(const Model& model, std::span<const NodeId> nodes, std::span<const TensorInfo> types);

// SHA-256 over the file and the external data files that it names, as hexadecimal text.
Result<std::string> hash_of(const std::filesystem::path& model_file);

}  // namespace staronnx
