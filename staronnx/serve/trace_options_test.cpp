#include "staronnx/serve/trace_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace staronnx {
namespace {

using testing::HasSubstr;

Result<TraceOptions> parsed(const std::vector<std::string>& texts) {
  return TraceOptions::parse(texts);
}

TEST(TraceOptions, AreOffUnlessSaidOtherwise) {
  const Result<TraceOptions> options = parsed({});
  ASSERT_TRUE(options.ok());
  EXPECT_EQ(options->settings, TraceSettings());
  EXPECT_EQ(options->collector.address.url(), "http://localhost:4318/v1/traces");
}

TEST(TraceOptions, AreThoseOfTriton) {
  const Result<TraceOptions> options =
      parsed({"triton,file=a=b.json", "level=TIMESTAMPS", "rate=100", "count=7", "triton,log-frequency=50", "mode=opentelemetry",
              "opentelemetry,url=h:1/x", "opentelemetry,resource=service.name=it", "opentelemetry,resource=a=b=c",
              "opentelemetry,bsp_max_queue_size=9", "opentelemetry,bsp_max_export_batch_size=8",
              "opentelemetry,bsp_schedule_delay=250"});
  ASSERT_TRUE(options.ok()) << options.error().message;
  EXPECT_EQ(options->file, "a=b.json");
  EXPECT_EQ(options->settings, (TraceSettings{true, 100, 7, 50}));
  EXPECT_EQ(options->mode, TraceMode::opentelemetry);
  EXPECT_EQ(options->collector.address, (CollectorAddress{"h", "1", "/x"}));
  EXPECT_EQ(options->collector.resource, (std::map<std::string, std::string>{{"service.name", "it"}, {"a", "b=c"}}));
  EXPECT_EQ(options->collector.queue, 9U);
  EXPECT_EQ(options->collector.batch, 8U);
  EXPECT_EQ(options->collector.delay, Milliseconds(250));
}

TEST(TraceOptions, ReadAddressesOfCollectors) {
  for (const auto& [url, address] :
       std::vector<std::pair<std::string, CollectorAddress>>{{"http://[::1]:9/t", {"::1", "9", "/t"}},
                                                             {"http://[::1]", {"::1", "4318", "/v1/traces"}},
                                                             {"https://h/", {"h", "4318", "/", "https"}},
                                                             {"h", {"h", "4318", "/v1/traces"}}}) {
    const Result<TraceOptions> options = parsed({"opentelemetry,url=" + url});
    ASSERT_TRUE(options.ok()) << url;
    EXPECT_EQ(options->collector.address, address) << url;
  }
  EXPECT_EQ((CollectorAddress{"::1", "9", "/t"}).url(), "http://[::1]:9/t");
  EXPECT_EQ((CollectorAddress{"h", "9", "/t", "https"}).url(), "https://h:9/t");
}

TEST(TraceOptions, AreRefusedByName) {
  for (const auto& [text, part] : std::vector<std::pair<std::string, std::string>>{
           {"rate", "SETTING=VALUE"},
           {"colour=red", "'colour'"},
           {"triton,rate=1", "'triton,rate'"},
           {"rate=-1", "'rate' must be a whole number from 0 to 4294967295, not '-1'"},
           {"rate=", "'rate'"},
           {"rate=1x", "'rate'"},
           {"rate=4294967296", "'rate'"},
           {"count=-2", "'count' must be a whole number from -1 to 2147483647, not '-2'"},
           {"triton,log-frequency=often", "'triton,log-frequency'"},
           {"mode=zipkin", "'mode'"},
           {"level=LOUD", "'LOUD'"},
           {"level=TENSORS", "TENSORS is not supported"},
           {"level=TIMESTAMPS", "triton,file=FILE"},
           {"opentelemetry,url=ftp://h", "no address"},
           {"opentelemetry,certificate=ca.pem", "opentelemetry,url begins with https://"},
           {"opentelemetry,url=http://:1", "no address"},
           {"opentelemetry,url=h:0", "no address"},
           {"opentelemetry,url=h:65536", "no address"},
           {"opentelemetry,resource=name", "'resource'"},
           {"opentelemetry,resource==x", "'resource'"},
           {"opentelemetry,bsp_max_queue_size=0", "'opentelemetry,bsp_max_queue_size'"},
           {"opentelemetry,bsp_max_queue_size=9", "bsp_max_export_batch_size"},
           {"opentelemetry,bsp_schedule_delay=-1", "'opentelemetry,bsp_schedule_delay'"}}) {
    const Result<TraceOptions> options = parsed({text});
    ASSERT_FALSE(options.ok()) << text;
    EXPECT_THAT(options.error().message, HasSubstr(part));
  }
  EXPECT_FALSE(parsed({"triton,file=f", "level=OFF", "level=TIMESTAMPS"}).ok());
}

}  // namespace
}  // namespace staronnx
