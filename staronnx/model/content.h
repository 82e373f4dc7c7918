// The parsed ONNX file and what Model says about it. Private to this room: it shows protobuf's types.
#pragma once

#include <filesystem>
#include <istream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "onnx/onnx-ml.pb.h"
#include "staronnx/base/result.h"
#include "staronnx/model/model.h"

namespace staronnx {

using NameSet = std::set<std::string, std::less<>>;

// Since this ir_version an initializer need not be an input, and is a default value where it is one; before, it is a constant and
// an input.
constexpr std::int64_t first_ir_version_with_defaults = 4;

// Models that we make do not list their constants as inputs.
constexpr std::int64_t least_written_ir_version = first_ir_version_with_defaults;

// Where a tensor stands in the repeated fields of GraphProto.
struct InitializerPlace {
  int position = 0;
  bool sparse = false;
};

struct Model::Content {
  onnx::ModelProto proto;        // nodes in topological order, without Constant nodes: those have become initializers
  std::vector<ModelNode> nodes;  // nodes[i] describes proto.graph().node(i)
  Signature signature;
  std::map<std::string, TensorInfo, std::less<>> types;  // of tensors for which the file says a type
  std::map<std::string, InitializerPlace, std::less<>> initializers;
  NameSet overridable;  // initializers that are inputs, too
  NameSet non_tensors;  // sequences, maps, optionals of the top-level graph
};

// Fails, naming nothing, when `stream` is no ONNX model.
Result<onnx::ModelProto> parse_model(std::istream& stream);

// Reads the file and nothing beside it. Fails, naming the file, when it is missing, too large for protobuf or no ONNX model.
Result<onnx::ModelProto> parse_model_file(const std::filesystem::path& file);

// Checks the graph, orders its nodes and looks everything up.
Result<Model> model_from(onnx::ModelProto proto);

}  // namespace staronnx
