#include <openssl/evp.h>

#include <array>
#include <fstream>
#include <memory>

#include "staronnx/model/bodies.h"
#include "staronnx/model/content.h"

namespace staronnx {
namespace {

using onnx::TensorProto;

// Files that the model's tensors, those in bodies and attributes too, refer to.
class ExternalFiles {
 public:
  void visit(const onnx::GraphProto& graph) {
    for (const TensorProto& tensor : graph.initializer()) visit(tensor);
    for (const onnx::SparseTensorProto& tensor : graph.sparse_initializer()) visit(tensor);
    for (const onnx::NodeProto& node : graph.node()) visit(node);
  }

  void visit(const onnx::NodeProto& node) {
    for (const onnx::AttributeProto& attribute : node.attribute()) {
      if (attribute.has_t()) visit(attribute.t());
      if (attribute.has_sparse_tensor()) visit(attribute.sparse_tensor());
      for (const TensorProto& tensor : attribute.tensors()) visit(tensor);
      for (const onnx::SparseTensorProto& tensor : attribute.sparse_tensors()) visit(tensor);
    }
    for_each_body(node, [&](const onnx::GraphProto& body) { visit(body); });
  }

  const NameSet& locations() const { return locations_; }

 private:
  void visit(const onnx::SparseTensorProto& tensor) {
    visit(tensor.values());
    visit(tensor.indices());
  }

  void visit(const TensorProto& tensor) {
    if (tensor.data_location() != TensorProto::EXTERNAL) return;
    for (const onnx::StringStringEntryProto& entry : tensor.external_data()) {
      if (entry.key() == "location") locations_.insert(entry.value());
    }
  }

  NameSet locations_;
};

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
    good_ = context_ != nullptr && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1;
  }

  void add(std::string_view bytes) { good_ = good_ && EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1; }

  Result<std::string> hexadecimal() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    good_ = good_ && EVP_DigestFinal_ex(context_.get(), digest.data(), &size) == 1;
    if (!good_) return Error{ErrorCode::internal, "OpenSSL does not compute SHA-256 here; check its configuration"};
    std::string text;
    for (unsigned i = 0; i < size; ++i) {
      text += "0123456789abcdef"[digest[i] >> 4];
      text += "0123456789abcdef"[digest[i] & 15];
    }
    return text;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
  bool good_ = false;
};

Status add_file(const std::filesystem::path& file, Sha256& hash) {
  constexpr std::size_t chunk = 1 << 20;
  std::ifstream stream(file, std::ios::binary);
  std::string buffer(chunk, '\0');
  bool read_all = false;
  while (stream && !read_all) {
    stream.read(buffer.data(), static_cast<std::streamsize>(chunk));
    hash.add(std::string_view(buffer).substr(0, static_cast<std::size_t>(stream.gcount())));
    read_all = stream.eof();
  }
  if (read_all) return {};
  return Error{ErrorCode::not_found,
               "'" + file.string() + "' cannot be read; it must stand where the model's external data names it"};
}

bool stays_inside(const std::filesystem::path& location) {
  const std::filesystem::path normal = location.lexically_normal();
  return !normal.empty() && normal.is_relative() && *normal.begin() != "..";
}

}  // namespace

Result<std::string> hash_of(const std::filesystem::path& model_file) {
  const Result<onnx::ModelProto> proto = parse_model_file(model_file);
  if (!proto) return proto.error();
  ExternalFiles files;
  files.visit(proto->graph());
  for (const onnx::FunctionProto& function : proto->functions()) {
    for (const onnx::NodeProto& node : function.node()) files.visit(node);
  }
  Sha256 hash;
  if (Status added = add_file(model_file, hash); !added) return added.error();
  for (const std::string& location : files.locations()) {
    if (!stays_inside(location)) {
      return Error{ErrorCode::invalid_argument, "'" + model_file.string() + "' refers to '" + location +
                                                    "'; external data must stand in the model's folder or below"};
    }
    if (Status added = add_file(model_file.parent_path() / location, hash); !added) return added.error();
  }
  return hash.hexadecimal();
}

}  // namespace staronnx
