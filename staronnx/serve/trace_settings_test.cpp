#include "staronnx/serve/trace_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "staronnx/serve/trace_sampler.h"

namespace staronnx {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;

class TraceSettingsTest : public testing::Test {
 protected:
  void open(const TraceOptions& options) { tracer_ = *Tracer::open(options, 1, *log_); }
  Status changed(const std::string& body, const std::string& model = "") {
    Result<inference::TraceSettingRequest> request = parse_trace_settings(body);
    if (!request) return request.error();
    request->set_model_name(model);
    return change(*tracer_, *request);
  }
  Json settings(const std::string& model = "") const { return Json::parse(json_of(settings_of(*tracer_, model))); }

  std::unique_ptr<Log> log_ = *Log::open({});
  std::unique_ptr<Tracer> tracer_ = *Tracer::open({.file = "trace.json"}, 1, *log_);
};

TEST_F(TraceSettingsTest, AreReadAsTritonSaysThem) {
  EXPECT_EQ(settings(), Json::parse(R"({"trace_level": ["OFF"], "trace_rate": "1000", "trace_count": "-1", "log_frequency": "0",
                                        "trace_file": "trace.json", "trace_mode": "triton"})"));
  open({.mode = TraceMode::opentelemetry});
  EXPECT_EQ(settings(), Json::parse(R"({"trace_level": ["OFF"], "trace_rate": "1000", "trace_count": "-1",
                                        "trace_mode": "opentelemetry"})"));
}

TEST_F(TraceSettingsTest, AreChangedAndGoBack) {
  const Json at_start = settings();
  ASSERT_TRUE(changed(R"({"trace_level": ["TIMESTAMPS"], "trace_rate": "2", "trace_count": 3, "log_frequency": "4"})", "m").ok());
  const Json of_model =
      Json::parse(R"({"trace_level": ["TIMESTAMPS"], "trace_rate": "2", "trace_count": "3", "log_frequency": "4",
                                        "trace_file": "trace.json", "trace_mode": "triton"})");
  EXPECT_EQ(settings("m"), of_model);
  EXPECT_EQ(settings(), at_start);
  ASSERT_TRUE(changed(R"({"trace_level": "OFF", "trace_rate": ["5"]})").ok());
  EXPECT_EQ(settings("m"), of_model);
  EXPECT_EQ(settings("n")["trace_rate"], "5");
  ASSERT_TRUE(changed(R"({"trace_level": null, "trace_rate": [], "trace_count": null, "log_frequency": null})", "m").ok());
  EXPECT_EQ(settings("m"), settings());
  ASSERT_TRUE(changed(R"({"trace_level": null, "trace_rate": null})").ok());
  EXPECT_EQ(settings(), at_start);
}

TEST_F(TraceSettingsTest, AreRefusedAsAWholeByName) {
  for (const auto& [body, part] : std::vector<std::pair<std::string, std::string>>{
           {R"({"trace_rate": "7", "trace_file": "x"})", "trace file location can not be updated through network protocol"},
           {R"({"trace_rate": "7", "trace_file": null})", "trace file location can not be updated through network protocol"},
           {R"({"trace_rate": "7", "trace_mode": "opentelemetry"})", "trace mode can not be updated through network protocol"},
           {R"({"trace_rate": "7", "trace_colour": "red"})", "there is no trace setting 'trace_colour'"},
           {R"({"trace_rate": "7", "trace_level": ["TIMESTAMPS", "TENSORS"]})", "TENSORS is not supported"},
           {R"({"trace_rate": "7", "trace_level": ["LOUD"]})", "'LOUD'"},
           {R"({"trace_rate": "7", "trace_level": ["OFF", "TIMESTAMPS"]})", "OFF must stand alone"},
           {R"({"trace_rate": "-1"})", "'trace_rate' must be a whole number from 0 to 4294967295, not '-1'"},
           {R"({"trace_rate": "x"})", "'trace_rate'"},
           {R"({"trace_rate": ["1", "2"]})", "expect only 1 value for 'trace_rate'"},
           {R"({"trace_rate": 1.5})", "trace setting 'trace_rate' must be text"},
           {R"({"trace_rate": {"value": "1"}})", "trace setting 'trace_rate' must be text"},
           {R"({"trace_rate": [null]})", "trace setting 'trace_rate' must be text"},
           {R"({"trace_rate": true})", "trace setting 'trace_rate' must be text"},
           {R"({"trace_count": "-2"})", "'trace_count' must be a whole number from -1 to 2147483647, not '-2'"},
           {R"({"trace_count": "2147483648"})", "'trace_count'"},
           {R"({"log_frequency": "often"})", "'log_frequency'"},
           {"[]", "the request must be an object"},
           {"{", "the JSON cannot be read"}}) {
    const Json before = settings();
    const Status status = changed(body);
    ASSERT_FALSE(status.ok()) << body;
    EXPECT_THAT(status.error().message, HasSubstr(part));
    EXPECT_EQ(settings(), before);
  }
}

TEST_F(TraceSettingsTest, NeedAPlaceForTraces) {
  open({});
  EXPECT_THAT(changed(R"({"trace_level": ["TIMESTAMPS"]})").error().message, HasSubstr("--trace-config triton,file=FILE"));
  open({.mode = TraceMode::opentelemetry});
  EXPECT_TRUE(changed(R"({"trace_level": ["TIMESTAMPS"], "log_frequency": null})").ok());
  EXPECT_THAT(changed(R"({"log_frequency": "1"})").error().message, HasSubstr("mode triton"));
}

}  // namespace
}  // namespace staronnx
