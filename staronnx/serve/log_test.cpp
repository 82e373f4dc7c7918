#include "staronnx/serve/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>
#include <vector>

#include "staronnx/base/read_file.h"
#include "staronnx/base/temporary_directory.h"

namespace staronnx {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;

class LogTest : public testing::Test {
 protected:
  std::unique_ptr<Log> open(const LogSettings& settings) {
    Result<std::unique_ptr<Log>> log = Log::open({settings, file_});
    EXPECT_TRUE(log.ok()) << log.error().message;
    return *std::move(log);
  }

  std::vector<std::string> lines(const std::filesystem::path& file) const {
    std::istringstream text(read_file(file).value_or(""));
    std::vector<std::string> lines;
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    return lines;
  }
  std::vector<std::string> lines() const { return lines(file_); }

  TemporaryDirectory folder_ = *TemporaryDirectory::create();
  std::filesystem::path file_ = folder_.path() / "log";
};

TEST_F(LogTest, WritesLinesForPeople) {
  const auto log = open({});
  log->write(LogLevel::warning, "it is full", {{"model", "two"}, {"version", 1}, {"request_id", ""}, {"path", "/a b"}});
  log->write(LogLevel::info, "so");
  EXPECT_THAT(lines(),
              ElementsAre(MatchesRegex("....-..-.. ..:..:..\\....... WARNING it is full model=two version=1 path=\"/a b\""),
                          MatchesRegex(".* INFO so")));
}

TEST_F(LogTest, WritesTimesAsIso8601) {
  const auto log = open({.format = LogFormat::iso8601});
  log->write(LogLevel::error, "so");
  EXPECT_THAT(lines(), ElementsAre(MatchesRegex("....-..-..T..:..:..\\.......Z ERROR so")));
}

TEST_F(LogTest, WritesJson) {
  const auto log = open({.format = LogFormat::json});
  log->write(LogLevel::error, "a \"b\"\n", {{"version", 1}, {"request_id", "\xff"}});
  ASSERT_EQ(lines().size(), 1U);
  const auto object = nlohmann::json::parse(lines()[0]);
  EXPECT_THAT(object["time"], MatchesRegex("....-..-..T..:..:..\\.......Z"));
  EXPECT_EQ(object["level"], "error");
  EXPECT_EQ(object["message"], "a \"b\"\n");
  EXPECT_EQ(object["version"], 1);
  EXPECT_EQ(object["request_id"], "\xef\xbf\xbd");
}

TEST_F(LogTest, KeepsALineOneLineWhateverClientsSend) {
  const auto log = open({});
  log->write(LogLevel::info, "a\nb\x1b[1m", {{"request_id", "x\n2026-01-01 ERROR no"}});
  EXPECT_THAT(lines(), ElementsAre(HasSubstr(R"(INFO a\nb?[1m request_id="x\n2026-01-01 ERROR no")")));
}

TEST_F(LogTest, WritesTheLevelsThatAreOn) {
  const auto log = open({.error = false, .info = false});
  const auto write_all = [&] {
    for (const LogLevel level : {LogLevel::error, LogLevel::warning, LogLevel::info, LogLevel::verbose}) log->write(level, "so");
  };
  write_all();
  EXPECT_THAT(lines(), ElementsAre(HasSubstr("WARNING")));
  EXPECT_FALSE(log->writes(LogLevel::verbose));
  log->change({.warning = false, .info = false, .verbose = 1});
  EXPECT_TRUE(log->writes(LogLevel::verbose));
  write_all();
  EXPECT_THAT(lines(), ElementsAre(HasSubstr("WARNING"), HasSubstr("ERROR"), HasSubstr("VERBOSE")));
}

TEST_F(LogTest, GoesOnInANewFileWhenItIsToldSo) {
  const auto log = open({.format = LogFormat::iso8601});
  log->write(LogLevel::info, "old");
  std::filesystem::rename(file_, folder_.path() / "moved");
  log->write(LogLevel::info, "still old");
  ASSERT_TRUE(log->reopen().ok());
  log->write(LogLevel::info, "new");
  EXPECT_THAT(lines(folder_.path() / "moved"), ElementsAre(HasSubstr(" old"), HasSubstr("still old")));
  EXPECT_THAT(lines(), ElementsAre(MatchesRegex(".*T.*Z INFO new")));
}

TEST_F(LogTest, WritesWholeLinesFromManyThreads) {
  const auto log = open({});
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int line = 0; line < 100; ++line) log->write(LogLevel::info, std::string(50, 'x'));
      });
    }
    log->change({.format = LogFormat::iso8601});
  }
  EXPECT_EQ(lines().size(), 400U);
  for (const std::string& line : lines()) EXPECT_THAT(line, testing::EndsWith("INFO " + std::string(50, 'x')));
}

TEST_F(LogTest, NamesAFileThatCannotBeWritten) {
  const auto log = Log::open({{}, folder_.path()});
  ASSERT_FALSE(log.ok());
  EXPECT_THAT(log.error().message, HasSubstr("--log-file " + folder_.path().string()));
}

}  // namespace
}  // namespace staronnx
