// Plans a model in two segments and runs one random request through the scheduler: load_plan_run MODEL.onnx
#include <future>
#include <iostream>

#include "staronnx/plan/compile.h"
#include "staronnx/profile/cost_profile.h"
#include "staronnx/schedule/pipeline.h"

using namespace staronnx;

int main(int argc, char** argv) {
  if (argc != 2) return std::cerr << "usage: load_plan_run MODEL.onnx\n", 2;
  const auto fail = [](const Error& error) { return std::cerr << error.message << "\n", 1; };
  Result<Machine> machine = detect_machine();
  if (!machine) return fail(machine.error());
  Result<std::unique_ptr<Engine>> engine = Engine::create();
  if (!engine) return fail(engine.error());
  CompileRequest request{.model = argv[1],
                         .directory = "example-plan",
                         .cache = default_cache_directory(),
                         .splits = {Shares::even(2)},
                         .widths = {1}};
  Result<Plan> plan = compile(*machine, **engine, request);
  if (!plan) return fail(plan.error());
  Result<std::unique_ptr<Runtime>> runtime =
      Runtime::start(*runtime_options(*machine, "elastic", "staronnx", default_cache_directory()));
  if (!runtime) return fail(runtime.error());
  Result<std::unique_ptr<Pipeline>> pipeline = Pipeline::open(**runtime, **engine, *plan, "example-plan", "k2", {});
  if (!pipeline) return fail(pipeline.error());

  std::promise<void> answered;
  Result<RequestId> accepted =
      (*pipeline)->submit(random_inputs(plan->signature, plan->shapes, 1), {}, [&](Result<Response> response) {
        if (!response) std::cerr << response.error().message << "\n";
        if (response) std::cout << to_string(response->outputs[0].shape) << " in " << response->segments.size() << " segments\n";
        answered.set_value();
      });
  if (!accepted) return fail(accepted.error());
  answered.get_future().wait();
  return 0;
}
