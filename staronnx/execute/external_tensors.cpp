#include "staronnx/execute/external_tensors.h"

#include <fstream>
#include <map>

#include "onnx/onnx-ml.pb.h"

namespace staronnx {
namespace {

struct Found {
  std::vector<ExternalTensor> tensors;
  std::map<std::string, int> uses_of_name;
};

ExternalTensor described(const onnx::TensorProto& tensor) {
  ExternalTensor result;
  result.name = tensor.name();
  result.type = static_cast<DataType>(tensor.data_type());
  result.shape.assign(tensor.dims().begin(), tensor.dims().end());
  for (const onnx::StringStringEntryProto& entry : tensor.external_data()) {
    if (entry.key() == "offset") result.offset = std::stoull(entry.value());
    if (entry.key() == "length") result.length = std::stoull(entry.value());
  }
  return result;
}

void collect(const onnx::GraphProto& graph, Found& found) {
  for (const onnx::TensorProto& tensor : graph.initializer()) {
    ++found.uses_of_name[tensor.name()];
    if (tensor.data_location() == onnx::TensorProto::EXTERNAL) found.tensors.push_back(described(tensor));
  }
  for (const onnx::NodeProto& node : graph.node()) {
    for (const onnx::AttributeProto& attribute : node.attribute()) {
      if (attribute.has_g()) collect(attribute.g(), found);
      for (const onnx::GraphProto& body : attribute.graphs()) collect(body, found);
    }
  }
}

}  // namespace

Result<std::vector<ExternalTensor>> external_tensors(const std::filesystem::path& model_file) {
  std::ifstream stream(model_file, std::ios::binary);
  onnx::ModelProto model;
  if (!model.ParseFromIstream(&stream)) {
    return Error{ErrorCode::internal,
                 model_file.string() + ": the model that ONNX Runtime saved cannot be read; is the disk full?"};
  }
  Found found;
  collect(model.graph(), found);
  for (ExternalTensor& tensor : found.tensors) tensor.unique = found.uses_of_name[tensor.name] == 1;
  return found.tensors;
}

}  // namespace staronnx
