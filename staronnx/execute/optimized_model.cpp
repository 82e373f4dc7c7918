#include "staronnx/execute/optimized_model.h"

#include <fstream>
#include <span>
#include <string>
#include <utility>

#include <onnxruntime_session_options_config_keys.h>

#include "staronnx/model/external_tensors.h"
#include "staronnx/model/repeated_constants.h"

namespace staronnx {
namespace {

constexpr const char* graph_name = "model.onnx";
constexpr const char* weights_name = "weights.data";
constexpr const char* smallest_shared_bytes = "1024";  // constants below stay in the graph: each session has a copy

void save_optimized(const Ort::Env& environment, const std::filesystem::path& model, const std::filesystem::path& directory) {
  Ort::SessionOptions options = ort::options_for(CoreGroup{{0}, 0});
  options.SetGraphOptimizationLevel(ORT_ENABLE_ALL);
  options.SetOptimizedModelFilePath((directory / graph_name).c_str());
  options.AddConfigEntry(kOrtSessionOptionsOptimizedModelExternalInitializersFileName, weights_name);
  options.AddConfigEntry(kOrtSessionOptionsOptimizedModelExternalInitializersMinSizeInBytes, smallest_shared_bytes);
  options.AddConfigEntry(kOrtSessionOptionsConfigDisablePrepacking, "1");
  const Ort::Session saves_the_model(environment, model.c_str(), options);
}

// What is mapped stays, also on disk, until it is unmapped, however this process ends. ONNX Runtime wants to see a file of that name.
void leave_an_empty_file(const std::filesystem::path& file) {
  std::filesystem::remove(file);
  std::ofstream{file};
}

Ort::Value value_on(std::span<const std::byte> data, const ExternalTensor& tensor) {
  const auto memory = Ort::MemoryInfo::CreateCpu(OrtDeviceAllocator, OrtMemTypeDefault);
  return Ort::Value::CreateTensor(memory, const_cast<std::byte*>(data.data()), data.size(), tensor.shape.data(),
                                  tensor.shape.size(), static_cast<ONNXTensorElementDataType>(tensor.type));
}

}  // namespace

OptimizedModel::OptimizedModel(TemporaryDirectory directory) : directory_(std::move(directory)) {}

Result<std::unique_ptr<OptimizedModel>> OptimizedModel::create(const Ort::Env& environment, const std::filesystem::path& model) {
  Result<TemporaryDirectory> directory = TemporaryDirectory::create();
  if (!directory) return directory.error();
  save_optimized(environment, model, directory->path());
  auto optimized = std::make_unique<OptimizedModel>(*std::move(directory));
  if (Status mapped = optimized->map_weights(); !mapped) return mapped.error();
  return optimized;
}

std::filesystem::path OptimizedModel::graph_file() const {
  return directory_.path() / graph_name;
}

Status OptimizedModel::map_weights() {
  if (Status mended = drop_repeated_constants(graph_file()); !mended) return mended;
  const Result<std::vector<ExternalTensor>> tensors = external_tensors(graph_file());
  if (!tensors) {
    return Error{ErrorCode::internal,
                 "the model that ONNX Runtime saved cannot be read, is the disk full? " + tensors.error().message};
  }
  if (tensors->empty()) return {};
  const std::filesystem::path file = directory_.path() / weights_name;
  Result<MappedFile> mapped = MappedFile::open(file);
  if (!mapped) return mapped.error();
  weights_.emplace(*std::move(mapped));
  for (const ExternalTensor& tensor : *tensors) {
    if (tensor.offset + tensor.length > weights_->bytes().size()) {
      return Error{ErrorCode::internal, file.string() + " was saved by ONNX Runtime and is cut short; is the disk full?"};
    }
    const std::span<const std::byte> data = weights_->bytes().subspan(tensor.offset, tensor.length);
    if (tensor.unique) shared_.push_back({tensor.name, value_on(data, tensor)});
  }
  if (shared_.size() == tensors->size()) leave_an_empty_file(file);
  return {};
}

Bytes OptimizedModel::weights() const {
  return Bytes{weights_ ? weights_->bytes().size() : 0};
}

Ort::PrepackedWeightsContainer OptimizedModel::take_prepacked() {
  return std::exchange(prepacked_, Ort::PrepackedWeightsContainer());
}

void OptimizedModel::forget_weights() const {
  if (weights_) weights_->forget_pages();
}

Ort::Session OptimizedModel::open(const Ort::Env& environment, Ort::SessionOptions options) {
  options.SetGraphOptimizationLevel(ORT_DISABLE_ALL);
  for (const Weight& weight : shared_) options.AddInitializer(weight.name.c_str(), weight.value);
  Ort::Session session = open_sharing(environment, options);
  forget_weights();  // those that were only read to be prepacked
  return session;
}

Ort::Session OptimizedModel::open_sharing(const Ort::Env& environment, const Ort::SessionOptions& options) {
  if (shares_prepacked_) {
    try {
      return Ort::Session(environment, graph_file().c_str(), options, prepacked_);
    } catch (const Ort::Exception&) {
      // Some operators, QLinearConv for one, refuse to share what they packed, and with them the session. If this was another
      // failure, it comes again.
      shares_prepacked_ = false;
    }
  }
  return Ort::Session(environment, graph_file().c_str(), options);
}

}  // namespace staronnx
