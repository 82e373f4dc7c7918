#include <exception>
#include <memory>

#include "apps/help_text.h"
#include "apps/verbs.h"
#include "staronnx/execute/engine.h"

namespace {

int run_command(int argc, char** argv) {
  CLI::App app{"StarONNX: ONNX inference on every processor of the machine"};
  app.set_version_flag("--version", "staronnx " STARONNX_VERSION ", onnxruntime " + staronnx::onnxruntime_version());
  app.require_subcommand(1);
  app.failure_message(CLI::FailureMessage::help);
  app.formatter(std::make_shared<staronnx::apps::HelpText>());
  app.footer("staronnx VERB --help lists the options of a verb. Exit status: 0; 1 for failures; 2 for wrong usage.");
  int exit_status = 0;
  staronnx::apps::add_plan(app, exit_status);
  staronnx::apps::add_inspect(app, exit_status);
  staronnx::apps::add_partition(app, exit_status);
  staronnx::apps::add_run(app, exit_status);
  staronnx::apps::add_bench(app, exit_status);
  staronnx::apps::add_simulate(app, exit_status);
  staronnx::apps::add_advise(app, exit_status);
  staronnx::apps::add_serve(app, exit_status);
  staronnx::apps::add_node(app, exit_status);
  staronnx::apps::add_machine(app, exit_status);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return exit_status;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run_command(argc, argv);
  } catch (const std::exception& error) {  // such as std::bad_alloc: what is expected comes as a Result
    return staronnx::apps::report({staronnx::ErrorCode::internal, error.what()}, false);
  }
}
