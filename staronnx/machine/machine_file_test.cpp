#include "staronnx/machine/machine_file.h"

#include <functional>
#include <nlohmann/json.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "staronnx/base/temporary_directory.h"
#include "staronnx/base/write_file.h"

namespace staronnx {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;
using testing::StartsWith;

// Two NUMA nodes of two unlike cores, a third that has memory only, two GPUs of which one is not well known, two nodes.
Machine drawn() {
  const Memory numa0{MemoryKind::numa_node, 0}, numa1{MemoryKind::numa_node, 1}, gpu1{MemoryKind::gpu, 1};
  Machine machine;
  machine.cpu_model = "Twin \"<é>\" CPU";
  machine.cores = {{0, 0, Bytes{32768}, Bytes{1048576}}, {2, 0, Bytes{49152}, {}}, {1, 1, {}, {}}, {3, 1, {}, {}}};
  machine.l3_caches = {{Bytes{33554432}, {0, 2}}, {Bytes{16777216}, {1}}};
  machine.numa_nodes = {{0, Bytes{1ull << 36}}, {1, {}}, {2, Bytes{UINT64_MAX}}};
  machine.gpus = {{1, "Big", Bytes{1ull << 34}, "0000:01:00.0", 40.1}, {0, "Odd", Bytes{1}, "", std::nullopt}};
  machine.nodes = {{3, 8, 1.5}, {0, 1, 0.25}};
  machine.links = {{numa0, gpu1, BytesPerSecond{25e9}, Microseconds(9.7)},
                   {gpu1, numa0, BytesPerSecond{1.0 / 3}, Microseconds(0)},
                   {numa1, numa1, BytesPerSecond{1e300}, Microseconds(0.1)},
                   {numa0, {MemoryKind::node, 3}, BytesPerSecond{125e6}, Microseconds(250)}};
  return machine;
}

std::string refusal(const std::function<void(Json&)>& spoil) {
  Json json = Json::parse(to_json(drawn()));
  spoil(json);
  Result<Machine> machine = parse_machine(json.dump());
  return machine ? "accepted" : machine.error().message;
}

TEST(MachineFile, ComesBackAsItWas) {
  Result<Machine> machine = parse_machine(to_json(drawn()));
  ASSERT_TRUE(machine.ok()) << machine.error().message;
  EXPECT_EQ(*machine, drawn());
}

TEST(MachineFile, ThisMachineComesBackAsItWas) {
  const Machine here = *detect_machine();
  Result<Machine> machine = parse_machine(to_json(here));
  ASSERT_TRUE(machine.ok()) << machine.error().message;
  EXPECT_EQ(*machine, here);
}

TEST(MachineFile, NeedsLittle) {
  Result<Machine> machine =
      parse_machine(R"({"format": "staronnx-machine", "version": 1, "cpu_model": "X", "cores": [{"ids": "0-3"}]})");
  ASSERT_TRUE(machine.ok()) << machine.error().message;
  EXPECT_EQ(machine->cores.size(), 4u);
  EXPECT_EQ(machine->numa_nodes, (std::vector<NumaNode>{{0, {}}}));
  EXPECT_TRUE(machine->gpus.empty() && machine->links.empty() && machine->l3_caches.empty());
}

TEST(MachineFile, CoresAreSortedByNode) {
  Result<Machine> machine = parse_machine(R"({"format": "staronnx-machine", "version": 1, "cpu_model": "X",
    "cores": [{"ids": "0,2", "numa_node": 1}, {"ids": "1,3"}]})");
  ASSERT_TRUE(machine.ok()) << machine.error().message;
  EXPECT_EQ(machine->cores, (std::vector<Core>{{1, 0}, {3, 0}, {0, 1}, {2, 1}}));
}

TEST(MachineFile, ReservedCoresAreLeftOut) {
  Json json = Json::parse(to_json(drawn()));
  json["reserved_cores"] = "1-2";
  Result<Machine> machine = parse_machine(json.dump());
  ASSERT_TRUE(machine.ok()) << machine.error().message;
  EXPECT_EQ(machine->cores, (std::vector<Core>{drawn().cores[0], drawn().cores[3]}));
  EXPECT_EQ(machine->l3_caches, (std::vector<L3Cache>{{Bytes{33554432}, {0}}}));
  EXPECT_EQ(machine->numa_nodes, drawn().numa_nodes);
  EXPECT_EQ(machine->links, drawn().links);
}

TEST(MachineFile, RefusesToReserveWhatCannotBe) {
  EXPECT_THAT(refusal([](Json& j) { j["reserved_cores"] = "0,9"; }), StartsWith("reserved_cores names core 9, which is not in"));
  EXPECT_THAT(refusal([](Json& j) { j["reserved_cores"] = "0-3"; }), StartsWith("reserved_cores names all cores"));
  EXPECT_THAT(refusal([](Json& j) { j["reserved_cores"] = "last"; }), StartsWith("reserved_cores 'last' is not a list of cores"));
  EXPECT_THAT(refusal([](Json& j) { j["reserved_cores"] = 1; }), StartsWith("reserved_cores must be text, not 1"));
}

TEST(MachineFile, UnitsAreInTheNames) {
  const Json json = Json::parse(to_json(drawn()));
  EXPECT_EQ(json["gpus"][0]["memory_bytes"], 1ull << 34);
  EXPECT_EQ(json["links"][0]["bandwidth_bytes_per_s"], 25e9);
  EXPECT_EQ(json["links"][0]["latency_us"], 9.7);
}

TEST(MachineFile, RefusesWhatIsMissing) {
  EXPECT_THAT(refusal([](Json& j) { j.erase("cpu_model"); }), StartsWith("cpu_model is missing"));
  EXPECT_THAT(refusal([](Json& j) { j.erase("cores"); }), StartsWith("cores is missing"));
  EXPECT_THAT(refusal([](Json& j) { j["cores"] = Json::array(); }), StartsWith("cores must have at least one core"));
  EXPECT_THAT(refusal([](Json& j) { j["cores"][1].erase("ids"); }), StartsWith("cores[1].ids is missing"));
  EXPECT_THAT(refusal([](Json& j) { j["gpus"][1].erase("memory_bytes"); }), StartsWith("gpus[1].memory_bytes is missing"));
  EXPECT_THAT(refusal([](Json& j) { j["links"][2].erase("latency_us"); }), StartsWith("links[2].latency_us is missing"));
  for (const char* field : {"id", "cores", "speed"})
    EXPECT_THAT(refusal([&](Json& j) { j["nodes"][1].erase(field); }),
                StartsWith(std::string("nodes[1].") + field + " is missing"));
}

TEST(MachineFile, RefusesWrongTypes) {
  EXPECT_THAT(refusal([](Json& j) { j = Json::array(); }),
              StartsWith("the document must be an object, not a value of type array"));
  EXPECT_THAT(refusal([](Json& j) { j["cpu_model"] = 5; }), StartsWith("cpu_model must be text, not 5"));
  EXPECT_THAT(refusal([](Json& j) { j["gpus"] = Json::object(); }), StartsWith("gpus must be a list"));
  EXPECT_THAT(refusal([](Json& j) { j["gpus"][0] = "Big"; }), StartsWith("gpus[0] must be an object"));
  EXPECT_THAT(refusal([](Json& j) { j["gpus"][1]["memory_bytes"] = "8 GB"; }),
              StartsWith("gpus[1].memory_bytes must be a whole number"));
  EXPECT_THAT(refusal([](Json& j) { j["gpus"][0]["speed"] = nullptr; }), StartsWith("gpus[0].speed must be a number"));
  EXPECT_THAT(refusal([](Json& j) { j["cores"][0]["ids"] = 3; }), StartsWith("cores[0].ids must be text, not 3"));
}

TEST(MachineFile, RefusesImpossibleNumbers) {
  for (const Json& wrong : {Json(-5), Json(0), Json(1.5)}) {
    EXPECT_THAT(refusal([&](Json& j) { j["gpus"][1]["memory_bytes"] = wrong; }),
                StartsWith("gpus[1].memory_bytes must be a whole number"));
    EXPECT_THAT(refusal([&](Json& j) { j["cores"][0]["l1d_bytes"] = wrong; }),
                StartsWith("cores[0].l1d_bytes must be a whole number"));
    EXPECT_THAT(refusal([&](Json& j) { j["l3_caches"][0]["size_bytes"] = wrong; }),
                StartsWith("l3_caches[0].size_bytes must be"));
  }
  EXPECT_THAT(refusal([](Json& j) { j["links"][0]["latency_us"] = -1; }),
              StartsWith("links[0].latency_us must be a number of at least 0, not -1"));
  EXPECT_THAT(refusal([](Json& j) { j["links"][0]["bandwidth_bytes_per_s"] = 0; }),
              StartsWith("links[0].bandwidth_bytes_per_s must be above 0"));
  EXPECT_THAT(refusal([](Json& j) { j["gpus"][0]["speed"] = 0; }), StartsWith("gpus[0].speed must be above 0"));
  EXPECT_THAT(refusal([](Json& j) { j["nodes"][0]["speed"] = 0; }), StartsWith("nodes[0].speed must be above 0"));
  EXPECT_THAT(refusal([](Json& j) { j["nodes"][0]["cores"] = 0; }), StartsWith("nodes[0].cores must be a whole number from 1"));
  EXPECT_THAT(refusal([](Json& j) { j["gpus"][0]["id"] = 8192; }),
              StartsWith("gpus[0].id must be a whole number from 0 to 8191"));
  EXPECT_THAT(refusal([](Json& j) { j["links"][0]["latency_us"] = std::numeric_limits<double>::quiet_NaN(); }),
              StartsWith("links[0].latency_us"));
}

TEST(MachineFile, RefusesFieldsItDoesNotKnow) {
  EXPECT_THAT(refusal([](Json& j) { j["gpus"][1]["memroy_bytes"] = 1; }), StartsWith("gpus[1].memroy_bytes is not a field"));
  EXPECT_THAT(refusal([](Json& j) { j["gpu"] = Json::array(); }), StartsWith("gpu is not a field"));
  EXPECT_THAT(refusal([](Json& j) { j["cores"][0]["l3_bytes"] = 1; }), StartsWith("cores[0].l3_bytes is not a field"));
  EXPECT_THAT(refusal([](Json& j) { j["links"][0]["both"] = true; }), HasSubstr("known here: from, to"));
  EXPECT_THAT(refusal([](Json& j) { j["numa_nodes"][0]["x"] = 1; }), StartsWith("numa_nodes[0].x"));
  EXPECT_THAT(refusal([](Json& j) { j["l3_caches"][0]["x"] = 1; }), StartsWith("l3_caches[0].x"));
  EXPECT_THAT(refusal([](Json& j) { j["nodes"][0]["name"] = "x"; }), StartsWith("nodes[0].name is not a field"));
}

TEST(MachineFile, RefusesTwoOfOne) {
  EXPECT_THAT(refusal([](Json& j) { j["cores"][1]["ids"] = "0,2"; }), StartsWith("cores[1].ids names core 0"));
  EXPECT_THAT(refusal([](Json& j) { j["cores"][0]["ids"] = "0,0"; }), StartsWith("cores[0].ids '0,0' lists core 0 twice"));
  EXPECT_THAT(refusal([](Json& j) { j["gpus"][1]["id"] = 1; }), StartsWith("gpus[1].id is 1"));
  EXPECT_THAT(refusal([](Json& j) { j["gpus"][1]["pci_bus_id"] = "0000:01:00.0"; }),
              StartsWith("gpus[1].pci_bus_id is that of GPU 1"));
  EXPECT_THAT(refusal([](Json& j) { j["gpus"][1]["name"] = "Big"; }),
              StartsWith("gpus[1].name is that of GPU 1, whose speed differs"));
  EXPECT_THAT(refusal([](Json& j) { j["numa_nodes"][2]["id"] = 1; }), StartsWith("numa_nodes[2].id is 1"));
  EXPECT_THAT(refusal([](Json& j) { j["l3_caches"][1]["cores"] = "1-2"; }), StartsWith("l3_caches[1].cores names core 2"));
  EXPECT_THAT(refusal([](Json& j) { j["links"].push_back(j["links"][0]); }),
              StartsWith("links[4] is a second link from numa0 to gpu1"));
  EXPECT_THAT(refusal([](Json& j) { j["nodes"][1]["id"] = 3; }), StartsWith("nodes[1].id is 3"));
  Result<Machine> twice = parse_machine(R"({"format": "staronnx-machine", "format": "staronnx-machine"})");
  ASSERT_FALSE(twice.ok());
  EXPECT_THAT(twice.error().message, HasSubstr("'format' is given twice"));
}

TEST(MachineFile, RefusesNamesOfWhatIsNotThere) {
  EXPECT_THAT(refusal([](Json& j) { j["links"][0]["to"] = "gpu7"; }), StartsWith("links[0].to names 'gpu7'"));
  EXPECT_THAT(refusal([](Json& j) { j["links"][0]["from"] = "host"; }),
              HasSubstr("it has: gpu0, gpu1, node0, node3, numa0, numa1, numa2"));
  EXPECT_THAT(refusal([](Json& j) { j["cores"][0]["numa_node"] = 9; }), StartsWith("numa_nodes has no node 9"));
  EXPECT_THAT(refusal([](Json& j) { j["l3_caches"][0]["cores"] = "9"; }), StartsWith("l3_caches[0].cores names core 9"));
}

TEST(MachineFile, RefusesOtherFormats) {
  EXPECT_THAT(refusal([](Json& j) { j["version"] = 2; }), StartsWith("version is 2, this program reads version 1"));
  EXPECT_THAT(refusal([](Json& j) { j["format"] = "staronnx-plan"; }), StartsWith("format must be 'staronnx-machine'"));
  for (const char* text : {"", "{", "[]", "null", "{\"format\": 3}", "\xff\xfe", "{\"version\": 1e999}"}) {
    EXPECT_FALSE(parse_machine(text).ok()) << text;
  }
}

TEST(LoadMachine, NamesTheFile) {
  TemporaryDirectory directory = *TemporaryDirectory::create();
  const std::filesystem::path file = directory.path() / "machine.json";
  for (const std::filesystem::path& none : {file, directory.path()}) {
    Result<Machine> missing = load_machine(none);
    ASSERT_FALSE(missing.ok());
    EXPECT_EQ(missing.error().code, ErrorCode::not_found);
    EXPECT_THAT(missing.error().message, HasSubstr("staronnx machine -o"));
  }
  ASSERT_TRUE(write_file(file, "{}").ok());
  Result<Machine> broken = load_machine(file);
  ASSERT_FALSE(broken.ok());
  EXPECT_THAT(broken.error().message, HasSubstr(file.string() + "': format is missing"));
}

TEST(LoadMachine, ReadsEveryFileThatComesWithTheProject) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(STARONNX_MACHINES_DIR)) {
    Result<Machine> machine = load_machine(entry.path());
    EXPECT_TRUE(machine.ok()) << machine.error().message;
    ++files;
  }
  EXPECT_GT(files, 0);
}

}  // namespace
}  // namespace staronnx
