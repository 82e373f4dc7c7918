#include "apps/simulate_choice.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "staronnx/bench/rates.h"
#include "staronnx/machine/machine_file.h"
#include "staronnx/machine/measure_links.h"

namespace staronnx::apps {
namespace {

bool left_out(const Machine& machine, const Memory& memory) {
  return memory.kind == MemoryKind::gpu && std::ranges::count(machine.gpus, memory.number, &Gpu::ordinal) == 0;
}

// Read again it is the same number.
std::string exactly(double number) {
  std::array<char, 32> text{};
  return {text.data(), std::to_chars(text.begin(), text.end(), number).ptr};
}

}  // namespace

void SimulateChoice::add_to(CLI::App& app) {
  app.add_option("PLAN", plan, "The directory of a plan")->required();
  app.add_option("--machine", machine, "A machine file (docs/machine-files.md; default: this machine)");
  app.add_option("--variant", variants, "Variants of the plan; '': one chosen for each request (default: all, and that)");
  app.add_option("--rates", rates, "Rates of the curves in requests/s, FIRST:LAST:STEP, or auto")->capture_default_str();
  app.add_option("--slo", slo, "Limit of p99 in milliseconds, or as a multiple of the smallest lone p50, 3x")
      ->capture_default_str();
  app.add_option("--deadline", deadline_ms, "Milliseconds after which an answer is late, and a request that will be is refused")
      ->check(CLI::PositiveNumber);
  app.add_option("--requests", requests, "Requests at the highest rate; other measurements take as much virtual time")
      ->check(CLI::Range(std::size_t{1}, std::size_t{100'000'000}))
      ->capture_default_str();
  app.add_option("--seed", seed, "Seed of the arrivals and of how long runs take")->capture_default_str();
  app.add_option(
      "--core-groups", runtime.core_groups,
      "elastic, fixed groups such as 1,1 or 2, or auto, one for each core (default: elastic; with StarPU's schedulers auto)");
  app.add_option("--scheduler", runtime.scheduler, "staronnx, or one of StarPU's scheduling policies")->capture_default_str();
  app.add_option("--gpus", runtime.gpus, "GPUs that take part: all, none, or numbers such as 0,2")->capture_default_str();
  app.add_option("-o,--output", output, "Write the result as JSON to this file, too");
  app.add_flag("--json", json, "Print the result as JSON");
}

std::vector<std::string> SimulateChoice::arguments() const {
  std::vector<std::string> arguments{plan};
  const auto add = [&](const char* option, const std::string& value) { arguments.insert(arguments.end(), {option, value}); };
  if (!machine.empty()) add("--machine", machine);
  for (const std::string& variant : variants) add("--variant", variant);
  add("--rates", rates);
  add("--slo", slo);
  if (deadline_ms) add("--deadline", exactly(*deadline_ms));
  add("--requests", std::to_string(requests));
  add("--seed", std::to_string(seed));
  add("--core-groups", runtime.groups());
  add("--scheduler", runtime.scheduler);
  add("--gpus", runtime.gpus);
  if (!output.empty()) add("--output", output);
  if (json) arguments.emplace_back("--json");
  return arguments;
}

Result<Machine> SimulateChoice::chosen_machine() const {
  Result<Machine> chosen = machine.empty() ? detect_machine() : load_machine(machine);
  if (!chosen) return chosen;
  if (machine.empty()) {
    Result<std::vector<Link>> links = measure_links(*chosen);
    if (!links) return links.error();
    chosen->links = *std::move(links);
  }
  chosen = runtime.machine(*std::move(chosen));
  if (chosen)
    std::erase_if(chosen->links, [&](const Link& link) { return left_out(*chosen, link.from) || left_out(*chosen, link.to); });
  return chosen;
}

Result<ComparisonOptions> SimulateChoice::comparison() const {
  Result<std::vector<double>> at = rates == "auto" ? std::vector<double>() : parse_range("--rates", rates);
  if (!at) return at.error();
  ComparisonOptions comparison;
  Result<Slo> limit = parse_slo(slo);
  if (!limit) return limit.error();
  comparison.seeds = {seed};
  comparison.rates.per_s = *std::move(at);
  comparison.slo = *std::move(limit);
  if (deadline_ms) comparison.deadline = Milliseconds(*deadline_ms);
  return comparison;
}

}  // namespace staronnx::apps
