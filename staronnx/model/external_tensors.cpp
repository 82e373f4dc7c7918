#include "staronnx/model/external_tensors.h"

#include <charconv>
#include <map>
#include <utility>

#include "staronnx/model/bodies.h"
#include "staronnx/model/content.h"

namespace staronnx {
namespace {

struct Found {
  std::vector<const onnx::TensorProto*> tensors;
  std::map<std::string, int> uses_of_name;
};

void collect(const onnx::GraphProto& graph, Found& found) {
  for (const onnx::TensorProto& tensor : graph.initializer()) {
    ++found.uses_of_name[tensor.name()];
    if (tensor.data_location() == onnx::TensorProto::EXTERNAL) found.tensors.push_back(&tensor);
  }
  for (const onnx::NodeProto& node : graph.node()) {
    for_each_body(node, [&](const onnx::GraphProto& body) { collect(body, found); });
  }
}

Status read_number(const onnx::StringStringEntryProto& entry, std::uint64_t& number) {
  const std::string& text = entry.value();
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code == std::errc() && end == text.data() + text.size()) return {};
  return Error{ErrorCode::invalid_argument,
               "the " + entry.key() + " '" + text + "' of its external data is no number; export the model again"};
}

Result<ExternalTensor> described(const onnx::TensorProto& proto) {
  ExternalTensor tensor;
  tensor.name = proto.name();
  tensor.type = static_cast<DataType>(proto.data_type());
  tensor.shape.assign(proto.dims().begin(), proto.dims().end());
  for (const onnx::StringStringEntryProto& entry : proto.external_data()) {
    Status read;
    if (entry.key() == "offset") read = read_number(entry, tensor.offset);
    if (entry.key() == "length") read = read_number(entry, tensor.length);
    if (!read) return with_context("constant '" + proto.name() + "'", read.error());
  }
  return tensor;
}

}  // namespace

Result<std::vector<ExternalTensor>> external_tensors(const std::filesystem::path& model_file) {
  const Result<onnx::ModelProto> model = parse_model_file(model_file);
  if (!model) return model.error();
  Found found;
  collect(model->graph(), found);
  std::vector<ExternalTensor> tensors;
  for (const onnx::TensorProto* proto : found.tensors) {
    Result<ExternalTensor> tensor = described(*proto);
    if (!tensor) return with_context("'" + model_file.string() + "'", tensor.error());
    tensor->unique = found.uses_of_name[tensor->name] == 1;
    tensors.push_back(*std::move(tensor));
  }
  return tensors;
}

}  // namespace staronnx
