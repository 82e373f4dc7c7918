#include "staronnx/simulate/carried_plan.h"

#include <gmock/gmock.h>

namespace staronnx {
namespace {

using testing::HasSubstr;

Machine machine_of(int cores) {
  Machine machine;
  machine.cpu_model = "CPU";
  for (int core = 0; core < cores; ++core) machine.cores.push_back({.os_id = core});
  machine.numa_nodes = {{0, {}}};
  return machine;
}

// Three quarters of its work can be divided.
Plan measured_on(const Machine& machine) {
  Segment segment{"whole.onnx", 1, {}, {}, {"cpu"}};
  segment.cpu_time = {{{1, Microseconds(1000)}, {2, Microseconds(625)}}, {{1, Microseconds(1200)}, {2, Microseconds(625)}}};
  Plan plan;
  plan.machine = machine.id();
  plan.variants = {{"whole", {1}, {1}, Bytes{}, {segment}, {}}};
  return plan;
}

TEST(CarriedPlan, stays_as_it_is_where_it_was_measured) {
  const Plan plan = measured_on(machine_of(2));
  const CarriedPlan carried = carried_to(machine_of(2), plan);
  EXPECT_EQ(carried.plan, plan);
  EXPECT_THAT(carried.estimates, testing::ElementsAre(HasSubstr("runs vary")));
}

TEST(CarriedPlan, has_times_for_all_widths_of_a_wider_machine) {
  const CarriedPlan carried = carried_to(machine_of(6), measured_on(machine_of(2)));
  const CpuTimes& times = carried.plan.variants[0].segments[0].cpu_time;
  ASSERT_THAT(times.alone, testing::SizeIs(4));  // 1, 2, 4, 6
  EXPECT_NEAR(times.alone.at(1).count(), 1000, 1e-6);
  EXPECT_NEAR(times.alone.at(4).count(), 250 + 750 / 4., 1e-6);
  EXPECT_NEAR(times.alone.at(6).count(), 250 + 750 / 6., 1e-6);
  EXPECT_NEAR(times.busy.at(4).count(), 1.2 * times.alone.at(4).count(), 1e-6);
  EXPECT_EQ(times.busy.at(6), times.alone.at(6)) << "nobody else is left to be busy";
}

// As plans are that were made for a machine with the costs of a smaller one.
TEST(CarriedPlan, has_times_for_all_widths_where_not_all_were_measured) {
  Plan plan = measured_on(machine_of(2));
  plan.machine = machine_of(6).id();
  const CarriedPlan carried = carried_to(machine_of(6), plan);
  EXPECT_NEAR(carried.plan.variants[0].segments[0].cpu_time.alone.at(4).count(), 250 + 750 / 4., 1e-6);
}

TEST(CarriedPlan, says_what_is_estimated) {
  Machine machine = machine_of(6);
  machine.gpus = {{.ordinal = 0, .name = "A GPU", .memory = {}, .pci_bus_id = {}, .speed = 20.0}};
  const CarriedPlan carried = carried_to(machine, measured_on(machine_of(2)));
  EXPECT_THAT(carried.estimates, testing::ElementsAre(HasSubstr("runs vary"), HasSubstr("'CPU, 2 cores'"),
                                                      HasSubstr("on 3 to 5 cores"), HasSubstr("A GPU")));
}

TEST(CarriedPlan, keeps_how_runs_were_measured_to_vary) {
  Plan plan = measured_on(machine_of(2));
  const std::map<int, Variation> measured{{1, {0.9, 0.95, 0.98, 1, 1.02, 1.05, 1.1, 1.2, 1.5}}};
  plan.variants[0].segments[0].cpu_time.variation = measured;
  EXPECT_THAT(carried_to(machine_of(2), plan).estimates, testing::IsEmpty());
  Machine machine = machine_of(6);
  machine.gpus = {{.ordinal = 0, .name = "A GPU", .memory = {}, .pci_bus_id = {}, .speed = 20.0}};
  const CarriedPlan carried = carried_to(machine, plan);
  EXPECT_EQ(carried.plan.variants[0].segments[0].cpu_time.variation, measured);
  EXPECT_THAT(carried.estimates, testing::Contains(HasSubstr("runs on GPUs vary")));
}

TEST(CarriedPlan, has_times_for_the_cores_of_nodes) {
  Machine machine = machine_of(2);
  machine.nodes = {{.number = 0, .cores = 4, .speed = 2}};
  const CarriedPlan carried = carried_to(machine, measured_on(machine_of(2)));
  EXPECT_NEAR(time_elsewhere(carried.plan.variants[0].segments[0], 4, 2, 1).count(), (250 + 750 / 4.) / 2, 1e-6);
  EXPECT_THAT(carried.estimates, testing::Contains(HasSubstr("node0: those of 4 cores")));
}

TEST(CarriedPlan, a_gpu_takes_a_part_of_a_cores_time) {
  Segment segment = measured_on(machine_of(2)).variants[0].segments[0];
  EXPECT_NEAR(time_elsewhere(segment, 1, 10, 1).count(), 100, 1e-6);
  EXPECT_NEAR(time_elsewhere(segment, 1, 10, 4).count(), 400, 1e-6);
  segment.batched[4].alone = {{1, Microseconds(3000)}};
  EXPECT_NEAR(time_elsewhere(segment, 1, 10, 4).count(), 300, 1e-6);
}

}  // namespace
}  // namespace staronnx
