#include "staronnx/model/fuzz/parsers.h"

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <string>

#include "staronnx/model/content.h"
#include "staronnx/model/npy.h"
#include "staronnx/model/signature.h"
#include "staronnx/model/tensor_proto.h"

namespace staronnx {
namespace {

void demand(bool promise) {
  if (!promise) std::abort();
}

std::string text_of(std::span<const std::byte> input) {
  return {reinterpret_cast<const char*>(input.data()), input.size()};
}

bool same(const Tensor& a, const Tensor& b) {
  return a.type() == b.type() && a.shape() == b.shape() && std::ranges::equal(a.data(), b.data());
}

template <class Parse, class Write>
void try_tensor(std::span<const std::byte> input, Parse parse, Write write) {
  const Result<Tensor> tensor = parse(input);
  if (!tensor) return;
  demand(check_size("tensor", tensor->view()).ok());
  const Result<std::string> written = write(tensor->view());
  demand(written.ok());
  const Result<Tensor> again = parse(std::as_bytes(std::span(*written)));
  demand(again.ok() && same(*tensor, *again));
}

// Any half of the nodes makes a segment or is refused; a segment does not say more nodes than it got.
void try_halves(const Model& model) {
  std::vector<NodeId> half;
  for (std::size_t i = 0; i < model.nodes().size(); i += 2) half.push_back(NodeId{static_cast<std::uint32_t>(i)});
  const Result<Model> segment = extract(model, half, {});
  demand(!segment || segment->nodes().size() == half.size());
}

}  // namespace

void try_model(std::span<const std::byte> input) {
  std::istringstream stream(text_of(input));
  Result<onnx::ModelProto> proto = parse_model(stream);
  if (!proto) return;
  const Result<Model> model = model_from(*std::move(proto));
  if (!model) return;
  const Result<Model> tidy = normalized(*model, model->signature());
  demand(tidy.ok());
  demand(tidy->signature() == model->signature());
  try_halves(*tidy);
}

void try_npy(std::span<const std::byte> input) {
  try_tensor(input, parse_npy, npy_of);
}

void try_tensor_proto(std::span<const std::byte> input) {
  try_tensor(input, parse_tensor_proto, tensor_proto_of);
}

void try_shape(std::span<const std::byte> input) {
  const auto parsed = parse_shape(text_of(input));
  if (!parsed) return;
  const auto again = parse_shape(parsed->first + ':' + to_string(parsed->second));
  demand(again.ok() && *again == *parsed);
}

}  // namespace staronnx
