#include "staronnx/serve/log_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace staronnx {
namespace {

using testing::HasSubstr;

// What changing a log of `format` by `body` ends with.
Status changed(Log& log, const std::string& body) {
  const Result<inference::LogSettingsRequest> request = parse_log_settings(body);
  return request ? change(log, *request) : Status(request.error());
}

TEST(LogSettings, AreReadAndChanged) {
  const auto log = *Log::open({});
  EXPECT_EQ(nlohmann::json::parse(json_of(settings_of(*log))),
            nlohmann::json::parse(R"({"log_file": "", "log_info": true, "log_warning": true, "log_error": true,
                                      "log_verbose_level": 0, "log_format": "default"})"));
  ASSERT_TRUE(changed(*log, R"({"log_info": false, "log_verbose_level": 2, "log_format": "ISO8601"})").ok());
  EXPECT_EQ(log->settings(), (LogSettings{.info = false, .verbose = 2, .format = LogFormat::iso8601}));
  ASSERT_TRUE(changed(*log, R"({"log_info": true, "log_warning": false, "log_error": false, "log_format": "default"})").ok());
  EXPECT_EQ(log->settings(), (LogSettings{.error = false, .warning = false, .verbose = 2}));
}

TEST(LogSettings, AreRefusedAsAWholeByName) {
  const auto log = *Log::open({});
  for (const auto& [body, name] : std::vector<std::pair<std::string, std::string>>{
           {R"({"log_info": false, "log_file": "x"})", "log file location can not be updated"},
           {R"({"log_info": false, "log_colour": "red"})", "'log_colour'"},
           {R"({"log_info": 1})", "'log_info'"},
           {R"({"log_error": null})", "'log_error'"},
           {R"({"log_verbose_level": -1})", "'log_verbose_level'"},
           {R"({"log_verbose_level": true})", "'log_verbose_level'"},
           {R"({"log_verbose_level": 4294967296})", "'log_verbose_level'"},
           {R"({"log_format": "json"})", "'log_format'"},
           {"[]", "object"},
           {"{", ""}}) {
    const Status status = changed(*log, body);
    ASSERT_FALSE(status.ok()) << body;
    EXPECT_EQ(status.error().code, ErrorCode::invalid_argument);
    EXPECT_THAT(status.error().message, HasSubstr(name));
    EXPECT_EQ(log->settings(), LogSettings());
  }
}

TEST(LogSettings, OfJsonKeepItsTimes) {
  const auto log = *Log::open({{.format = LogFormat::json}, {}});
  EXPECT_TRUE(changed(*log, R"({"log_format": "ISO8601"})").ok());
  const Status refused = changed(*log, R"({"log_format": "default"})");
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("--log-format"));
}

}  // namespace
}  // namespace staronnx
