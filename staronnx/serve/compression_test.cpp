#include "staronnx/serve/compression.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace staronnx {
namespace {

using testing::HasSubstr;

TEST(Compression, ComesBackAsItWas) {
  for (const Encoding encoding : {Encoding::gzip, Encoding::deflate}) {
    for (const std::size_t size : {0UL, 1UL, 65536UL, 1000000UL}) {
      std::string body(size, 'x');
      for (std::size_t i = 0; i < size; ++i) body[i] = static_cast<char>(i * i % 251);
      const Result<HttpBody> back = uncompressed(HttpBody(compressed(body, encoding)), to_string(encoding), size);
      ASSERT_TRUE(back.ok()) << back.error().message;
      EXPECT_EQ(back->text(), body);
    }
  }
}

TEST(Compression, MakesNoMoreThanTheLimit) {
  const HttpBody bomb(compressed(std::string(100'000'000, '0'), Encoding::gzip));
  const Result<HttpBody> unpacked = uncompressed(bomb, "gzip", 1000);
  ASSERT_FALSE(unpacked.ok());
  EXPECT_THAT(unpacked.error().message, HasSubstr("more than 1000 bytes when unpacked; raise --http-max-input-size"));
}

TEST(Compression, RefusesDamage) {
  const std::string packed = compressed("hello, hello, hello", Encoding::gzip);
  for (const std::string& damaged :
       {packed.substr(0, packed.size() - 1), packed + "more", std::string("no gzip"), std::string()}) {
    const Result<HttpBody> unpacked = uncompressed(HttpBody(damaged), "gzip", 1000);
    ASSERT_FALSE(unpacked.ok());
    EXPECT_EQ(unpacked.error().code, ErrorCode::invalid_argument);
  }
}

TEST(Compression, RefusesOtherEncodings) {
  const HttpBody x("x");
  EXPECT_EQ(uncompressed(x, "br", 10).error().code, ErrorCode::unsupported);
  EXPECT_EQ(uncompressed(x, "gzip, gzip", 10).error().code, ErrorCode::unsupported);
  EXPECT_EQ(uncompressed(x, "identity", 10)->text(), "x");
  EXPECT_EQ(uncompressed(x, "", 10)->text(), "x");
}

TEST(Compression, TakesWhatTheClientLikesBest) {
  EXPECT_EQ(accepted_encoding(""), Encoding::identity);
  EXPECT_EQ(accepted_encoding("gzip"), Encoding::gzip);
  EXPECT_EQ(accepted_encoding("deflate, GZip;q=0.5"), Encoding::deflate);
  EXPECT_EQ(accepted_encoding("gzip, deflate, br"), Encoding::gzip);
  EXPECT_EQ(accepted_encoding("br"), Encoding::identity);
  EXPECT_EQ(accepted_encoding("gzip;q=0"), Encoding::identity);
  EXPECT_EQ(accepted_encoding("identity, gzip;q=0.5"), Encoding::identity);
  EXPECT_EQ(accepted_encoding("*"), Encoding::gzip);
  EXPECT_EQ(accepted_encoding("gzip;q=0, *"), Encoding::deflate);
  EXPECT_EQ(accepted_encoding(",;,q=1"), Encoding::identity);
}

}  // namespace
}  // namespace staronnx
