#include "staronnx/serve/trace_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "staronnx/base/read_file.h"
#include "staronnx/base/temporary_directory.h"
#include "staronnx/serve/trace_for_test.h"

namespace staronnx {
namespace {

using Json = nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::unique_ptr<const TraceRecord>> traces(int count, const std::string& scope = "",
                                                       std::uint32_t log_frequency = 0) {
  std::vector<std::unique_ptr<const TraceRecord>> all;
  for (int i = 0; i < count; ++i) {
    auto record = std::make_unique<TraceRecord>(trace_for_test());
    record->scope = scope;
    record->log_frequency = log_frequency;
    all.push_back(std::move(record));
  }
  return all;
}

class TraceFileTest : public testing::Test {
 protected:
  // What is in FILE, or FILE.0: it must be JSON.
  Json events(const std::string& ending = "") const {
    const std::optional<std::string> text = read_file(path_.string() + ending);
    return text ? Json::parse(*text) : Json();
  }
  std::size_t requests_in(const std::string& ending) const {
    std::size_t count = 0;
    for (const Json& event : events(ending)) count += event["ph"] == "b" && event["name"] == "m" ? 1 : 0;
    return count;
  }

  const TemporaryDirectory folder_ = *TemporaryDirectory::create();
  const std::filesystem::path path_ = folder_.path() / "trace.json";
  TraceFile file_{path_};
};

TEST_F(TraceFileTest, IsWholeAfterEachWrite) {
  ASSERT_TRUE(file_.begin(0).ok());
  EXPECT_EQ(events(), Json::array());
  for (std::size_t i = 1; i <= 3; ++i) {
    EXPECT_EQ(file_.write(traces(2), {}).spans, 0U);
    EXPECT_EQ(requests_in(""), 2 * i);
  }
}

TEST_F(TraceFileTest, ShowsARequestAndItsProcessors) {
  file_.write(traces(1), {});
  std::vector<std::string> seen;
  for (const Json& event : events()) {
    std::string line = event["ph"].get<std::string>() + " " + event["name"].get<std::string>();
    if (event["ph"] == "M") line += " " + event["args"]["name"].get<std::string>();
    if (event["ph"] != "M") line += " " + event["ts"].dump();
    if (event["ph"] == "X") line += " " + event["dur"].dump() + " " + event["tid"].dump();
    seen.push_back(line);
  }
  EXPECT_THAT(
      seen, ElementsAre("b m 1000000.0", "b input 1000000.0", "e input 1000010.0", "b queue 1000010.0", "e queue 1000020.0",
                        "b compute 1000020.0", "e compute 1000030.0", "b queue 1000030.0", "e queue 1000040.0",
                        "b compute 1000040.0", "e compute 1000080.0", "b output 1000080.0", "e output 1000100.0", "e m 1000100.0",
                        "M process_name requests", "M process_name processors", "M thread_name cores 0", "X m 1 1000020.0 10.0 1",
                        "M thread_name cores 1", "X m 2 1000040.0 40.0 2"));
  EXPECT_EQ(events()[0]["args"], Json::parse(R"({"trace_id": "0af7651916cd43dd8448eb211c80319c", "model": "m", "version": 3,
                                                 "protocol": "HTTP", "request_id": "mine", "variant": "k2"})"));
  EXPECT_EQ(events().back()["args"],
            Json::parse(R"({"request": 7, "request_id": "mine", "variant": "k2", "segment": 2, "batch": 4,
                                                     "transfer_us": 5.0, "exposed_us": 2.0})"));
}

TEST_F(TraceFileTest, ShowsStepsOfAnEnsembleAsItsParts) {
  std::vector<std::unique_ptr<const TraceRecord>> all;
  all.push_back(std::make_unique<TraceRecord>(ensemble_trace_for_test()));
  EXPECT_EQ(file_.write(all, {}).spans, 0U);
  std::map<std::string, Json> requests;
  for (const Json& event : events()) {
    if (event.contains("args") && event["ph"] == "b") requests[event["id"]] = event;
  }
  EXPECT_EQ(requests["6"]["name"], "e");
  EXPECT_FALSE(requests["6"]["args"].contains("parent_id"));
  EXPECT_EQ(requests["7"]["name"], "m");
  EXPECT_EQ(requests["7"]["args"]["parent_id"], 6);
  EXPECT_EQ(events().back()["args"]["request"], 7);
}

TEST_F(TraceFileTest, NamesProcessorsOnceInEachFile) {
  file_.write(traces(3, "", 2), {});
  for (const char* ending : {".0", ".1"}) {
    const Json all = events(ending);
    EXPECT_EQ(std::ranges::count_if(all, [](const Json& event) { return event["name"] == "thread_name"; }), 2);
  }
}

TEST_F(TraceFileTest, BeginsANewFileAfterSoManyTracesOfItsScope) {
  ASSERT_TRUE(file_.begin(2).ok());
  file_.write(traces(1, "", 2), {});
  file_.write(traces(3, "model", 2), {});
  file_.write(traces(4, "", 2), {});
  file_.write(traces(1, "", 0), {});
  EXPECT_EQ(requests_in(".0"), 2U);  // the server's first
  EXPECT_EQ(requests_in(".1"), 2U);  // the model's
  EXPECT_EQ(requests_in(".2"), 1U);
  EXPECT_EQ(requests_in(".3"), 2U);  // the server's
  EXPECT_EQ(requests_in(".4"), 1U);
  EXPECT_EQ(requests_in(""), 1U);
  EXPECT_FALSE(std::filesystem::exists(path_.string() + ".5"));
}

TEST_F(TraceFileTest, ReplacesWhatAnEarlierServerLeft) {
  std::ofstream(path_) << "something old that is longer than what comes now";
  ASSERT_TRUE(file_.begin(0).ok());
  EXPECT_EQ(events(), Json::array());
}

TEST_F(TraceFileTest, TakesWhateverClientsSend) {
  auto record = std::make_unique<TraceRecord>(trace_for_test());
  record->model = "\xff\"\n";
  record->request_id = std::string("\0</script>", 10);
  std::vector<std::unique_ptr<const TraceRecord>> all;
  all.push_back(std::move(record));
  file_.write(all, {});
  EXPECT_EQ(events()[0]["name"], "\xef\xbf\xbd\"\n");
}

TEST_F(TraceFileTest, SaysWhichFileCannotBeWritten) {
  TraceFile nowhere(folder_.path() / "none" / "trace.json");
  EXPECT_THAT(nowhere.begin(0).error().message, HasSubstr("none/trace.json cannot be written: No such file"));
  const TraceLoss loss = nowhere.write(traces(2), {});
  EXPECT_EQ(loss.spans, 14U);
  EXPECT_THAT(loss.why, HasSubstr("none/trace.json cannot be written"));
}

TEST_F(TraceFileTest, SaysThatTheDiskIsFull) {
  TraceFile full("/dev/full");
  EXPECT_THAT(full.begin(0).error().message, HasSubstr("/dev/full cannot be written: No space left"));
}

}  // namespace
}  // namespace staronnx
