#include <iostream>
#include <memory>

#include "apps/advice.h"
#include "apps/plan_options.h"
#include "apps/simulator_process.h"
#include "apps/verbs.h"
#include "staronnx/base/write_file.h"
#include "staronnx/plan/prediction.h"
#include "staronnx/simulate/carried_plan.h"
#include "staronnx/simulate/what_if.h"

namespace staronnx::apps {
namespace {

using Json = nlohmann::json;

// Of the two points of a rate that was tried again the one that held, if any did.
const Json& point_at(double rate, const Json& system) {
  const Json* found = nullptr;
  for (const Json& point : system.at("points")) {
    if (point.at("rate_per_s") == rate && (found == nullptr || point.at("held") == true)) found = &point;
  }
  return *found;  // what was asked for was measured, and the threshold was
}

Outcome outcome_of(double rate, const Json& system) {
  const Json& point = point_at(rate, system);
  Outcome outcome{.holds = point.at("held"),
                  .p99 = {},
                  .answered = point.at("answered"),
                  .unanswered = point.at("sent").get<std::size_t>() - point.at("answered").get<std::size_t>(),
                  .backlog_grows = point.at("backlog_grows"),
                  .lone_p50 = Milliseconds(system.at("lone_p50_ms").get<double>()),
                  .threshold_per_s = system.at("threshold_per_s"),
                  .saturated_per_s = system.at("saturated_per_s")};
  if (!point.at("p99_ms").is_null()) outcome.p99 = Milliseconds(point.at("p99_ms").get<double>());
  outcome.busy_at_per_s = outcome.threshold_per_s > 0 ? outcome.threshold_per_s : rate;
  for (const auto& [name, share] : point_at(outcome.busy_at_per_s, system).at("busy").items())
    outcome.busy.push_back({name, share});
  return outcome;
}

std::optional<double> bound_of(const SimulateChoice& choice, Plan plan, const Machine& machine, Milliseconds slo) {
  if (!choice.variants.empty())
    std::erase_if(plan.variants, [&](const Variant& variant) { return variant.name != choice.variants.front(); });
  const Result<Prediction> prediction = predict(carried_to(machine, std::move(plan)).plan, machine, slo);
  if (!prediction || prediction->bound_within_slo.rate_per_s <= 0) return {};
  return prediction->bound_within_slo.rate_per_s;
}

// What the simulator prints, for the machine as it is and then, under the same limit, for those with a little more.
class Advising {
 public:
  Advising(const SimulateChoice& choice, const Machine& machine, const Plan& plan)
      : choice_(choice), machine_(machine), plan_(plan), what_ifs_(what_ifs(machine)) {}

  Result<Advice> advise() {
    say("the machine as it is");
    const Result<Json> now = simulated(choice_, machine_);
    if (!now) return now.error();
    Advice advice{.model = now->at("model"),
                  .machine = now->at("machine"),
                  .arrivals = now->at("arrivals"),
                  .seed = choice_.seed,
                  .rate_per_s = *choice_.rate,
                  .slo = Milliseconds(now->at("slo_ms").get<double>()),
                  .now = outcome(*now, machine_),
                  .changes = {},
                  .estimates = now->at("estimates"),
                  .command = "staronnx advise"};
    for (const std::string& argument : choice_.arguments()) advice.command += " " + argument;
    choice_.set_slo(advice.slo);
    for (const WhatIf& what_if : what_ifs_) advice.changes.push_back({what_if.change, outcome_with(what_if)});
    progress_("simulated", 1);
    return advice;
  }

 private:
  void say(const std::string& machine) {
    progress_(machine, static_cast<double>(simulated_++) / static_cast<double>(1 + what_ifs_.size()));
  }

  Result<Outcome> outcome_with(const WhatIf& what_if) {
    if (!what_if.machine) return what_if.machine.error();
    say(what_if.change);
    const Result<Json> answer = simulated(choice_, *what_if.machine);
    return answer ? Result<Outcome>(outcome(*answer, *what_if.machine)) : answer.error();
  }

  Outcome outcome(const Json& answer, const Machine& machine) const {
    Outcome outcome = outcome_of(*choice_.rate, answer.at("systems").at(0));
    outcome.bound_per_s = bound_of(choice_, plan_, machine, Milliseconds(answer.at("slo_ms").get<double>()));
    return outcome;
  }

  SimulateChoice choice_;
  const Machine& machine_;
  const Plan& plan_;
  const std::vector<WhatIf> what_ifs_;
  std::size_t simulated_ = 0;
  const std::function<void(const std::string&, double)> progress_ = progress_on_stderr();
};

Result<Advice> advise(const SimulateChoice& choice) {
  const Result<Machine> machine = choice.chosen_machine();
  if (!machine) return machine.error();
  if (const Status fine = choice.check(*machine); !fine) return fine.error();
  const Result<Plan> plan = load_plan(choice.plan);
  if (!plan) return plan.error();
  return Advising(choice, *machine, *plan).advise();
}

int run_verb(const SimulateChoice& choice) {
  const Result<Advice> advice = advise(choice);
  if (!advice) return report(advice.error(), choice.json);
  if (!choice.output.empty()) {
    if (const Status written = write_file(choice.output, to_json(*advice)); !written) return report(written.error(), choice.json);
  }
  std::cout << (choice.json ? to_json(*advice) : to_text(*advice));
  return 0;
}

}  // namespace

void add_advise(CLI::App& app, int& exit_status) {
  auto choice = std::make_shared<SimulateChoice>();
  CLI::App* verb =
      app.add_subcommand("advise", "Say whether a machine holds a rate, and what one more GPU, cores or links would change");
  choice->add_common(*verb);
  verb->add_option("--variant", choice->variants, "Variant of the plan (default: one chosen for each request)")->expected(1);
  verb->add_option("--rate", choice->rate, "Requests/s that the machine is to hold")->required()->check(CLI::PositiveNumber);
  verb->callback([choice, &exit_status] { exit_status = run_verb(*choice); });
}

}  // namespace staronnx::apps
