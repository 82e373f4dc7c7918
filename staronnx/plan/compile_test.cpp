#include "staronnx/plan/compile.h"

#include <algorithm>
#include <fstream>
#include <numeric>

#include <gtest/gtest.h>

#include "staronnx/base/temporary_directory.h"

namespace staronnx {
namespace {

namespace fs = std::filesystem;

// A real architecture from the onnx package.
fs::path light_model(const std::string& name) {
  for (const fs::directory_entry& python : fs::directory_iterator(fs::path(STARONNX_DEPS_DIR) / "venv" / "lib")) {
    const fs::path file = python.path() / "site-packages/onnx/backend/test/data/light" / ("light_" + name + ".onnx");
    if (fs::exists(file)) return file;
  }
  return {};
}

class Compile : public testing::Test {
 protected:
  CompileRequest request(std::vector<Shares> splits) const {
    CompileRequest request;
    request.model = light_model("squeezenet");
    request.directory = folder_.path() / "plan";
    request.cache = folder_.path() / "cache";
    request.splits = std::move(splits);
    request.widths = {1};
    request.progress = [this](const std::string& what, double) { said_.push_back(what); };
    return request;
  }

  bool said(const std::string& part) const {
    return std::any_of(said_.begin(), said_.end(), [&](const std::string& each) { return each.find(part) != std::string::npos; });
  }

  Result<Plan> run(const CompileRequest& request) {
    said_.clear();
    return compile(machine_, *engine_, request);
  }

  std::ptrdiff_t entries_of_folder() const { return std::distance(fs::directory_iterator(folder_.path()), {}); }

  TemporaryDirectory folder_ = *TemporaryDirectory::create();
  Machine machine_ = *detect_machine();
  std::unique_ptr<Engine> engine_ = *Engine::create();
  mutable std::vector<std::string> said_;
};

TEST_F(Compile, WritesAPlanThatLoadsAgain) {
  Result<Plan> plan = run(request({Shares::even(2), Shares{{0.6, 0.3, 0.1}}}));
  ASSERT_TRUE(plan.ok()) << plan.error().message;
  Result<Plan> loaded = load_plan(folder_.path() / "plan");
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(*loaded, *plan);
  ASSERT_EQ(plan->variants.size(), 3u);
  EXPECT_EQ(plan->variants[2].name, "k3");
  std::size_t nodes = 0;
  for (const Segment& segment : plan->variants[2].segments) {
    EXPECT_TRUE(fs::exists(folder_.path() / "plan" / segment.file));
    EXPECT_GT(segment.cpu_time.alone.at(1).count(), 0);
    nodes += segment.nodes;
  }
  EXPECT_EQ(nodes, plan->variants[0].segments[0].nodes);
  EXPECT_GT(plan->variants[1].cut.count, 0u);
}

TEST_F(Compile, AGpuThatDoesNotRunTheModelIsLeftOutAndNamed) {
  machine_.gpus = {{.ordinal = 99, .name = "Imagined GPU", .memory = Bytes{1}, .pci_bus_id = "", .speed = {}}};
  Result<Plan> plan = run(request({}));
  ASSERT_TRUE(plan.ok()) << plan.error().message;
  EXPECT_TRUE(std::ranges::any_of(plan->prediction.estimates, [](const std::string& said) {
    return said.starts_with("Imagined GPU does not run the model: ");
  }));
  for (const MixPart& part : plan->prediction.bound.mix) EXPECT_EQ(part.processors, std::vector<std::string>{"cpu x1"});
  EXPECT_NE(plan->machine.find("Imagined GPU"), std::string::npos);
}

TEST_F(Compile, SharesOfTheWorkAreNearTheTargets) {
  Result<Plan> plan = run(request({Shares{{0.7, 0.3}}}));
  ASSERT_TRUE(plan.ok()) << plan.error().message;
  EXPECT_NEAR(plan->variants[1].work[0], 0.7, 0.1);
  EXPECT_NEAR(std::accumulate(plan->variants[1].work.begin(), plan->variants[1].work.end(), 0.0), 1.0, 1e-9);
}

TEST_F(Compile, WeightsStandOnDiskOnce) {
  ASSERT_TRUE(run(request({Shares::even(2), Shares::even(3)})).ok());
  std::uintmax_t models = 0;
  std::uintmax_t weights = 0;
  for (const fs::directory_entry& file : fs::directory_iterator(folder_.path() / "plan")) {
    (file.path().filename() == "weights.data" ? weights : models) += file.file_size();
  }
  EXPECT_GT(weights, 3'000'000u);
  EXPECT_LT(models, 1'000'000u);
}

TEST_F(Compile, ASecondTimeTakesCostsFromTheCache) {
  Result<Plan> first = run(request({Shares::even(2)}));
  ASSERT_TRUE(first.ok()) << first.error().message;
  EXPECT_TRUE(said("measuring"));
  Result<Plan> second = run(request({Shares::even(2)}));
  ASSERT_TRUE(second.ok()) << second.error().message;
  EXPECT_FALSE(said("measuring"));
  EXPECT_EQ(*first, *second);
}

TEST_F(Compile, KeepsWhatIsNoPlan) {
  fs::create_directory(folder_.path() / "plan");
  std::ofstream(folder_.path() / "plan" / "thesis.tex") << "years of work";
  Result<Plan> plan = run(request({}));
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.error().code, ErrorCode::already_exists);
  EXPECT_TRUE(fs::exists(folder_.path() / "plan" / "thesis.tex"));
}

TEST_F(Compile, LeavesNothingHalfWritten) {
  Result<Plan> plan = run(request({Shares::even(100'000)}));
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.error().code, ErrorCode::invalid_argument);
  EXPECT_FALSE(fs::exists(folder_.path() / "plan"));
  EXPECT_EQ(entries_of_folder(), 1) << "only the cache";
}

TEST_F(Compile, KeepsTheOldPlanWhenTheNewOneFails) {
  ASSERT_TRUE(run(request({Shares::even(2)})).ok());
  ASSERT_FALSE(run(request({Shares{{0.9, 0.2}}})).ok());
  Result<Plan> kept = load_plan(folder_.path() / "plan");
  ASSERT_TRUE(kept.ok());
  EXPECT_NE(kept->find("k2"), nullptr);
}

TEST_F(Compile, SaysWhatIsWrongWithTheModel) {
  CompileRequest nowhere = request({});
  nowhere.model = folder_.path() / "nowhere.onnx";
  Result<Plan> missing = run(nowhere);
  ASSERT_FALSE(missing.ok());
  EXPECT_NE(missing.error().message.find("nowhere.onnx"), std::string::npos);

  std::ofstream(folder_.path() / "text.onnx") << "this is no model";
  CompileRequest text = request({});
  text.model = folder_.path() / "text.onnx";
  Result<Plan> unreadable = run(text);
  ASSERT_FALSE(unreadable.ok());
  EXPECT_NE(unreadable.error().message.find("text.onnx"), std::string::npos);
}

TEST_F(Compile, EverySegmentIsMeasuredWithEveryProvider) {
  Result<Plan> plan = run(request({Shares::even(2)}));
  ASSERT_TRUE(plan.ok()) << plan.error().message;
  const bool has_openvino = available_providers().size() > 1;
  for (const Variant& variant : plan->variants) {
    for (const Segment& segment : variant.segments) {
      EXPECT_GT(segment.cpu_time.busy.at(1).count(), 0);
      const Variation& variation = segment.cpu_time.variation.at(1);
      EXPECT_TRUE(std::ranges::is_sorted(variation) && variation.front() > 0);
      EXPECT_LE(variation.front(), 1);
      EXPECT_GE(variation.back(), 1);
      EXPECT_EQ(segment.other_provider_time.busy.contains(1), has_openvino) << segment.provider_note;
    }
  }
  if (!has_openvino) GTEST_SKIP() << "this ONNX Runtime has no OpenVINO: that there is no choice is all that was tested";
}

TEST_F(Compile, ThePlansTensorsHaveTheirSizes) {
  Result<Plan> plan = run(request({Shares::even(2)}));
  ASSERT_TRUE(plan.ok()) << plan.error().message;
  const std::string input = plan->signature.inputs[0].name;
  EXPECT_EQ(plan->tensors.at(input).bytes.count, 1u * 3 * 224 * 224 * 4);
  std::uint64_t crossing = 0;
  for (const std::string& name : plan->variants[1].segments[1].inputs) crossing += plan->tensors.at(name).bytes.count;
  EXPECT_EQ(crossing, plan->variants[1].cut.count);
}

}  // namespace
}  // namespace staronnx
