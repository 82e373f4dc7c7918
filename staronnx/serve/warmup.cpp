#include "staronnx/serve/warmup.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <utility>

#include "staronnx/base/read_file.h"
#include "staronnx/model/signature.h"
#include "staronnx/serve/config_type.h"
#include "staronnx/serve/proto/model_config.pb.h"

namespace staronnx {
namespace {

using Input = inference::ModelWarmup::Input;

constexpr std::int64_t kMostElements = 1 << 28;  // of a sample's input; nobody warms up with more
constexpr std::int64_t kStringBytes = 4;         // of an empty one

Result<Tensor> from_file(DataType type, Shape shape, const std::filesystem::path& file) {
  const std::optional<std::string> content = read_file(file);
  if (!content) return Error{ErrorCode::not_found, "'" + file.string() + "' cannot be read"};
  Tensor tensor(type, std::move(shape), content->size());
  std::memcpy(tensor.data().data(), content->data(), content->size());
  return tensor;
}

Result<Tensor> tensor_of(const Input& input, std::int64_t batch_size, const std::filesystem::path& folder) {
  const DataType type = type_of_config(input.data_type());
  Shape shape(input.dims().begin(), input.dims().end());
  if (batch_size > 0) shape.insert(shape.begin(), batch_size);
  const std::optional<std::int64_t> elements = element_count(shape);
  if (!elements || *elements > kMostElements)
    return Error{ErrorCode::invalid_argument, "has more than " + std::to_string(kMostElements) + " elements; write smaller dims"};
  if (input.has_input_data_file()) return from_file(type, std::move(shape), folder / "warmup" / input.input_data_file());
  if (input.random_data()) {
    const Signature one{{TensorInfo{"sample", type, shape}}, {}};
    return std::move(random_inputs(one, std::array{shape}, 1).front());
  }
  const std::optional<Bytes> bytes = byte_size(type, shape);
  return Tensor(type, shape, bytes ? bytes->count : static_cast<std::size_t>(*elements * kStringBytes));
}

}  // namespace

Result<std::vector<WarmupSample>> warmup_samples(const ModelConfig& config, const std::filesystem::path& folder) {
  std::vector<WarmupSample> samples;
  for (const inference::ModelWarmup& written : config.message().model_warmup()) {
    WarmupSample sample;
    sample.name = "model_warmup[" + std::to_string(samples.size()) + "] '" + written.name() + "'";
    sample.count = std::max(1u, written.count());
    for (const auto& [name, input] : written.inputs()) {
      Result<Tensor> tensor = tensor_of(input, written.batch_size(), folder);
      if (!tensor) return with_context(sample.name + ", input '" + name + "'", tensor.error());
      sample.inputs.push_back({name, *std::move(tensor)});
    }
    samples.push_back(std::move(sample));
  }
  return samples;
}

}  // namespace staronnx
