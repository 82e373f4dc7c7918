#include "staronnx/model/tensor_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <numeric>

#include "onnx/onnx-ml.pb.h"
#include "staronnx/base/temporary_directory.h"

namespace staronnx {
namespace {

using onnx::TensorProto;
using testing::HasSubstr;

template <class T>
std::vector<T> values_of(const Tensor& tensor) {
  std::vector<T> values(tensor.data().size() / sizeof(T));
  std::memcpy(values.data(), tensor.data().data(), tensor.data().size());
  return values;
}

std::vector<std::string> strings_of(const Tensor& tensor) {
  std::vector<std::string> strings;
  const char* at = reinterpret_cast<const char*>(tensor.data().data());
  for (const char* end = at + tensor.data().size(); at < end;) {
    std::uint32_t length = 0;
    std::memcpy(&length, at, sizeof length);
    strings.emplace_back(at + sizeof length, length);
    at += sizeof length + length;
  }
  return strings;
}

Tensor tensor_of(const std::vector<std::string>& strings, Shape shape) {
  std::string data;
  for (const std::string& text : strings) {
    const auto length = static_cast<std::uint32_t>(text.size());
    data.append(reinterpret_cast<const char*>(&length), sizeof length).append(text);
  }
  return copy_of({DataType::string, shape, std::as_bytes(std::span(data))});
}

// A tensor whose bytes are 0, 1, 2...
Tensor counting(DataType type, Shape shape) {
  Tensor tensor(type, shape, byte_size(type, shape)->count);
  for (std::size_t i = 0; i < tensor.data().size(); ++i) tensor.data()[i] = static_cast<std::byte>(i);
  return tensor;
}

class TensorFile : public testing::Test {
 protected:
  std::filesystem::path path(const std::string& name) const { return directory_->path() / name; }

  std::filesystem::path write(const std::string& name, const std::string& content) const {
    std::ofstream(path(name), std::ios::binary) << content;
    return path(name);
  }

  // As NumPy writes it: `header` is the dictionary, padded by the caller or not.
  std::filesystem::path write_npy(int version, const std::string& header, const std::string& data) const {
    std::string file = "\x93NUMPY";
    file += static_cast<char>(version);
    file += '\0';
    const auto length = static_cast<std::uint32_t>(header.size());
    file.append(reinterpret_cast<const char*>(&length), version == 1 ? 2 : 4);
    return write("x.npy", file + header + data);
  }

  std::filesystem::path write_pb(const TensorProto& proto) const { return write("x.pb", proto.SerializeAsString()); }

  void expect_survives(const Tensor& tensor, const std::string& name) const {
    ASSERT_TRUE(write_tensor(path(name), tensor.view()).ok());
    const Result<Tensor> again = read_tensor(path(name));
    ASSERT_TRUE(again.ok()) << again.error().message;
    EXPECT_EQ(again->type(), tensor.type());
    EXPECT_EQ(again->shape(), tensor.shape());
    EXPECT_TRUE(std::ranges::equal(again->data(), tensor.data())) << to_string(tensor.type());
  }

 private:
  Result<TemporaryDirectory> directory_ = TemporaryDirectory::create();
};

TEST_F(TensorFile, EveryNumpyTypeSurvives) {
  for (DataType type : {DataType::boolean, DataType::int8, DataType::int16, DataType::int32, DataType::int64, DataType::uint8,
                        DataType::uint16, DataType::uint32, DataType::uint64, DataType::float16, DataType::float32,
                        DataType::float64, DataType::complex64, DataType::complex128}) {
    for (const Shape& shape : {Shape{}, Shape{0}, Shape{3}, Shape{2, 1, 3}}) expect_survives(counting(type, shape), "x.npy");
  }
}

TEST_F(TensorFile, EveryOnnxTypeSurvives) {
  for (int type = 1; type <= static_cast<int>(DataType::int2); ++type) {
    if (static_cast<DataType>(type) == DataType::string) continue;
    for (const Shape& shape : {Shape{}, Shape{0}, Shape{3}, Shape{2, 1, 3}}) {
      expect_survives(counting(static_cast<DataType>(type), shape), "x.pb");
    }
  }
}

TEST_F(TensorFile, StringsSurvive) {
  const Tensor words = tensor_of({"", "Straße", "\xF0\x9F\x98\x80", "two words"}, {2, 2});
  expect_survives(words, "x.npy");
  expect_survives(words, "x.pb");
  expect_survives(tensor_of({"\xFF\xFE not UTF-8"}, {}), "x.npy");
  expect_survives(tensor_of({}, {0}), "x.npy");
}

TEST_F(TensorFile, ReadsWhatNumpyWrites) {
  // np.save of np.array([[1, 2, 3], [4, 5, 6]], '<i2'), format versions 1 to 3.
  const std::string data("\1\0\2\0\3\0\4\0\5\0\6\0", 12);
  for (int version : {1, 2, 3}) {
    const Result<Tensor> tensor =
        read_tensor(write_npy(version, "{'descr': '<i2', 'fortran_order': False, 'shape': (2, 3), }          \n", data));
    ASSERT_TRUE(tensor.ok()) << tensor.error().message;
    EXPECT_EQ(tensor->shape(), (Shape{2, 3}));
    EXPECT_EQ(values_of<std::int16_t>(*tensor), (std::vector<std::int16_t>{1, 2, 3, 4, 5, 6}));
  }
}

TEST_F(TensorFile, ConvertsFortranOrder) {
  const std::string columns("\1\4\2\5\3\6", 6);
  const Result<Tensor> tensor =
      read_tensor(write_npy(1, "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }\n", columns));
  ASSERT_TRUE(tensor.ok()) << tensor.error().message;
  EXPECT_EQ(values_of<std::uint8_t>(*tensor), (std::vector<std::uint8_t>{1, 2, 3, 4, 5, 6}));
}

TEST_F(TensorFile, ConvertsBigEndian) {
  const Result<Tensor> numbers =
      read_tensor(write_npy(1, "{'descr': '>u4', 'fortran_order': False, 'shape': (1,), }\n", std::string("\0\0\1\2", 4)));
  ASSERT_TRUE(numbers.ok()) << numbers.error().message;
  EXPECT_EQ(values_of<std::uint32_t>(*numbers), std::vector<std::uint32_t>{258});
  // A complex number is two numbers: 1 + 2i.
  const Result<Tensor> complex = read_tensor(
      write_npy(1, "{'descr': '>c8', 'fortran_order': False, 'shape': (), }\n", std::string("\x3f\x80\0\0\x40\0\0\0", 8)));
  ASSERT_TRUE(complex.ok()) << complex.error().message;
  EXPECT_EQ(values_of<float>(*complex), (std::vector<float>{1.0F, 2.0F}));
  const Result<Tensor> text =
      read_tensor(write_npy(1, "{'descr': '>U1', 'fortran_order': False, 'shape': (1,), }\n", std::string("\0\0\0A", 4)));
  ASSERT_TRUE(text.ok()) << text.error().message;
  EXPECT_EQ(strings_of(*text), std::vector<std::string>{"A"});
}

TEST_F(TensorFile, ReadsNumpyBytesAndText) {
  const Result<Tensor> bytes =
      read_tensor(write_npy(1, "{'descr': '|S3', 'fortran_order': False, 'shape': (2,), }\n", std::string("abcd\0\0", 6)));
  ASSERT_TRUE(bytes.ok()) << bytes.error().message;
  EXPECT_EQ(strings_of(*bytes), (std::vector<std::string>{"abc", "d"}));
}

TEST_F(TensorFile, ReadsEveryTypedFieldOfOnnx) {
  const auto read = [&](TensorProto::DataType type, std::int64_t size, auto fill) {
    TensorProto proto;
    proto.set_data_type(type);
    proto.add_dims(size);
    fill(proto);
    Result<Tensor> tensor = read_tensor(write_pb(proto));
    EXPECT_TRUE(tensor.ok()) << tensor.error().message;
    return tensor ? *std::move(tensor) : Tensor();
  };
  EXPECT_EQ(values_of<float>(read(TensorProto::FLOAT, 2, [](TensorProto& p) { p.add_float_data(1.5F), p.add_float_data(-2); })),
            (std::vector<float>{1.5F, -2.0F}));
  EXPECT_EQ(values_of<double>(read(TensorProto::DOUBLE, 1, [](TensorProto& p) { p.add_double_data(0.25); })),
            std::vector<double>{0.25});
  EXPECT_EQ(values_of<std::int64_t>(read(TensorProto::INT64, 1, [](TensorProto& p) { p.add_int64_data(-9); })),
            std::vector<std::int64_t>{-9});
  EXPECT_EQ(values_of<std::uint32_t>(read(TensorProto::UINT32, 1, [](TensorProto& p) { p.add_uint64_data(4000000000); })),
            std::vector<std::uint32_t>{4000000000});
  EXPECT_EQ(values_of<std::int8_t>(read(TensorProto::INT8, 2, [](TensorProto& p) { p.add_int32_data(-1), p.add_int32_data(5); })),
            (std::vector<std::int8_t>{-1, 5}));
  EXPECT_EQ(values_of<std::uint16_t>(read(TensorProto::BFLOAT16, 1, [](TensorProto& p) { p.add_int32_data(0x3f80); })),
            std::vector<std::uint16_t>{0x3f80});
  EXPECT_EQ(
      values_of<std::uint8_t>(read(TensorProto::INT4, 3, [](TensorProto& p) { p.add_int32_data(0x21), p.add_int32_data(3); })),
      (std::vector<std::uint8_t>{0x21, 3}));
  EXPECT_EQ(values_of<float>(read(TensorProto::COMPLEX64, 1, [](TensorProto& p) { p.add_float_data(1), p.add_float_data(2); })),
            (std::vector<float>{1, 2}));
  EXPECT_EQ(strings_of(read(TensorProto::STRING, 2, [](TensorProto& p) { p.add_string_data("a"), p.add_string_data(""); })),
            (std::vector<std::string>{"a", ""}));
}

TEST_F(TensorFile, RefusesDamagedNumpyFiles) {
  const auto message = [&](int version, const std::string& header, const std::string& data) {
    const Result<Tensor> tensor = read_tensor(write_npy(version, header, data));
    return tensor ? std::string("read") : tensor.error().message;
  };
  const std::string good = "{'descr': '<i2', 'fortran_order': False, 'shape': (2,), }\n";
  EXPECT_EQ(message(1, good, std::string(4, '\0')), "read");
  EXPECT_THAT(message(1, good, std::string(3, '\0')), HasSubstr("cut short"));
  EXPECT_THAT(message(1, good, std::string(6, '\0')), HasSubstr("holds 6 bytes"));
  EXPECT_THAT(message(4, good, std::string(4, '\0')), HasSubstr("format version 1 to 3"));
  EXPECT_THAT(message(1, "{'descr': '<i2', 'shape': (2,), }", std::string(4, '\0')), HasSubstr("header"));
  EXPECT_THAT(message(1, "{'descr': [('a', '<i2')], 'fortran_order': False, 'shape': (2,), }", std::string(4, '\0')),
              HasSubstr("header"));
  EXPECT_THAT(message(1, "{'descr': '<M8', 'fortran_order': False, 'shape': (2,), }", std::string(16, '\0')), HasSubstr("'<M8'"));
  EXPECT_THAT(message(1, "{'descr': '<U0', 'fortran_order': False, 'shape': (1000000000000,), }", ""), HasSubstr("cut short"));
  EXPECT_THAT(message(1, "{'descr': '<U1', 'fortran_order': False, 'shape': (1,), }", std::string("\0\xd8\0\0", 4)),
              HasSubstr("Unicode"));
  EXPECT_THAT(message(1, "{'descr': '<f8', 'fortran_order': False, 'shape': (4611686018427387904, 4), }", ""),
              HasSubstr("cut short"));
}

TEST_F(TensorFile, RefusesDamagedOnnxTensors) {
  EXPECT_THAT(read_tensor(write("x.pb", "no protobuf")).error().message, HasSubstr("x.pb"));
  TensorProto proto;
  proto.set_data_type(TensorProto::FLOAT);
  proto.add_dims(3);
  proto.add_float_data(1);
  EXPECT_THAT(read_tensor(write_pb(proto)).error().message, HasSubstr("12 bytes"));
  proto.set_data_location(TensorProto::EXTERNAL);
  EXPECT_THAT(read_tensor(write_pb(proto)).error().message, HasSubstr("another file"));
  proto.set_data_type(99);
  EXPECT_THAT(read_tensor(write_pb(proto)).error().message, HasSubstr("99"));
}

TEST_F(TensorFile, NamesTheFileThatIsMissingOrOfNoKnownKind) {
  const Result<Tensor> missing = read_tensor(path("none.npy"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::not_found);
  EXPECT_THAT(missing.error().message, HasSubstr("none.npy"));
  EXPECT_FALSE(read_tensor(path(".")).ok());
  EXPECT_THAT(read_tensor(path("x.txt")).error().message, HasSubstr("neither .npy nor .pb"));
}

TEST_F(TensorFile, WritingReplacesAndRefusalKeepsTheOldFile) {
  expect_survives(counting(DataType::int32, {2}), "x.npy");
  expect_survives(counting(DataType::int32, {3}), "x.npy");
  const Status refused = write_tensor(path("x.npy"), counting(DataType::bfloat16, {2}).view());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unsupported);
  EXPECT_THAT(refused.error().message, HasSubstr(".pb"));
  EXPECT_EQ(read_tensor(path("x.npy"))->shape(), Shape{3});
}

TEST_F(TensorFile, ReadsTheOnnxProjectsOwnFiles) {
  const Result<Tensor> tensor =
      read_tensor(std::string(STARONNX_DEPS_DIR) + "/onnx/onnx/backend/test/data/light/light_squeezenet_output_0.pb");
  ASSERT_TRUE(tensor.ok()) << tensor.error().message;
  EXPECT_EQ(tensor->shape(), (Shape{1, 1000, 1, 1}));
  const std::vector<float> probabilities = values_of<float>(*tensor);
  EXPECT_NEAR(std::accumulate(probabilities.begin(), probabilities.end(), 0.0), 1.0, 1e-4);
}

}  // namespace
}  // namespace staronnx
