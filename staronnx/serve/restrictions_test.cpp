#include "staronnx/serve/restrictions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace staronnx {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

Result<Restrictions> parse(std::vector<std::string> texts) {
  return Restrictions::parse(texts);
}

TEST(Restrictions, HoldForTheirApisOnly) {
  const auto restrictions = parse({"shared-memory,model-repository:Admin-Key=a=b:c", "inference:user=me"});
  ASSERT_TRUE(restrictions.ok()) << restrictions.error().message;
  const Restriction* shared = restrictions->on(Api::shared_memory);
  ASSERT_NE(shared, nullptr);
  EXPECT_EQ(shared, restrictions->on(Api::model_repository));
  EXPECT_EQ(shared->header, "Admin-Key");
  EXPECT_EQ(shared->refusal(), "This API is restricted, expecting header 'Admin-Key'");
  EXPECT_EQ(restrictions->on(Api::inference)->key, "me");
  EXPECT_EQ(restrictions->on(Api::health), nullptr);
  EXPECT_EQ(Restrictions().on(Api::inference), nullptr);
}

TEST(Restrictions, OpenToTheKeyAlone) {
  const auto restrictions = parse({"health:key=a=b:c"});
  const Restriction& health = *restrictions->on(Api::health);
  EXPECT_TRUE(health.opens_to("a=b:c"));
  for (const char* wrong : {"", "a", "a=b:d", "a=b:c ", "A=b:c"}) EXPECT_FALSE(health.opens_to(wrong)) << wrong;
}

TEST(Restrictions, HaveAPrefixForGrpc) {
  const Restrictions grpc = parse({"health:Admin-Key=Secret"})->for_grpc();
  EXPECT_EQ(grpc.on(Api::health)->header, "triton-grpc-protocol-admin-key");
  EXPECT_TRUE(grpc.on(Api::health)->opens_to("Secret"));
}

TEST(Restrictions, AreRefusedByNameAndWithoutTheKey) {
  for (const auto& [texts, part] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"helth:key=secret"}, "'helth'"},
           {{"health,:key=secret"}, "''"},
           {{":key=secret"}, "''"},
           {{"health,statistics:key=secret", "statistics:other=secret"}, "'statistics' is in two groups"},
           {{"health=secret"}, "API[,API..]:HEADER=KEY"},
           {{"health=secret:x=y"}, "API[,API..]:HEADER=KEY"},
           {{"health:secret"}, "API[,API..]:HEADER=KEY"},
           {{"health:=secret"}, "API[,API..]:HEADER=KEY"},
           {{"health:key="}, "API[,API..]:HEADER=KEY"},
           {{""}, "API[,API..]:HEADER=KEY"}}) {
    const auto refused = parse(texts);
    ASSERT_FALSE(refused.ok()) << texts[0];
    EXPECT_THAT(refused.error().message, AllOf(HasSubstr(part), Not(HasSubstr("secret"))));
  }
}

}  // namespace
}  // namespace staronnx
