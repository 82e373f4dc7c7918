// The fuzzers' parsers on a few hundred damaged inputs, the same in every run.
#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "staronnx/model/fuzz/parsers.h"
#include "staronnx/model/model_for_test.h"
#include "staronnx/model/npy.h"
#include "staronnx/model/tensor_proto.h"

namespace staronnx {
namespace {

constexpr int rounds = 400;

// `seed` with some bytes changed, removed or repeated.
std::string damaged(std::string seed, std::mt19937& random) {
  for (unsigned change = random() % 4 + 1; change > 0 && !seed.empty(); --change) {
    const std::size_t at = random() % seed.size();
    const std::size_t length = std::min<std::size_t>(random() % 16, seed.size() - at);
    switch (random() % 4) {
      case 0: seed[at] = static_cast<char>(random()); break;
      case 1: seed.erase(at, length); break;
      case 2: seed.insert(at, seed.substr(at, length)); break;
      default: seed.resize(at);
    }
  }
  return seed;
}

void expect_endures(const std::string& seed, const std::function<void(std::span<const std::byte>)>& parse) {
  std::mt19937 random(1);
  for (int round = 0; round < rounds; ++round) {
    const std::string input = damaged(seed, random);
    parse(std::as_bytes(std::span(input)));
  }
}

const std::string branch = body_of({.outputs = {{"t"}}, .nodes = {{"Add", {"h", "w"}, {"t"}}}});

const ModelForTest model{{.inputs = {{"x", DataType::float32, {-1, 4}}, {"c", DataType::boolean, {}}},
                          .outputs = {{"y"}, {"w"}},
                          .constants = {"w"},
                          .nodes = {{"MatMul", {"x", "w"}, {"h"}},
                                    {"SequenceConstruct", {"h"}, {"s"}},
                                    {"If", {"c"}, {"i"}, "", "", {branch, branch}},
                                    {"Add", {"i", "h"}, {"y"}}}}};

TEST(Fuzz, ModelsNeverEndTheProgram) {
  expect_endures(bytes_of(model), try_model);
}

TEST(Fuzz, NumpyFilesNeverEndTheProgram) {
  expect_endures(*npy_of(Tensor(DataType::float32, {2, 3}, 24).view()), try_npy);
}

TEST(Fuzz, NumpyTextNeverEndsTheProgram) {
  expect_endures(*npy_of(Tensor(DataType::string, {3}, 12).view()), try_npy);
}

TEST(Fuzz, OnnxTensorsNeverEndTheProgram) {
  expect_endures(*tensor_proto_of(Tensor(DataType::int4, {7}, 4).view()), try_tensor_proto);
  expect_endures(*tensor_proto_of(Tensor(DataType::string, {3}, 12).view()), try_tensor_proto);
}

TEST(Fuzz, ShapesNeverEndTheProgram) {
  expect_endures("input:0:1x3x224x224", try_shape);
}

}  // namespace
}  // namespace staronnx
