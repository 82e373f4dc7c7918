// The verbs of the command, one file each. Each function adds its verb, with its options, to `app`; when the user chose the verb, its
// callback does the work and stores the exit status: 0, or 1 after `report`.
#pragma once

#include <CLI/CLI.hpp>

#include "staronnx/base/result.h"

namespace staronnx::apps {

void add_plan(CLI::App& app, int& exit_status);
void add_inspect(CLI::App& app, int& exit_status);
void add_partition(CLI::App& app, int& exit_status);
void add_run(CLI::App& app, int& exit_status);
void add_bench(CLI::App& app, int& exit_status);
void add_simulate(CLI::App& app, int& exit_status);
void add_advise(CLI::App& app, int& exit_status);
void add_serve(CLI::App& app, int& exit_status);
void add_node(CLI::App& app, int& exit_status);
void add_machine(CLI::App& app, int& exit_status);

// Says an error on standard error ("staronnx: ..."), or with `json` as {"error": {"code", "message"}} on standard output. Returns 1.
int report(const Error& error, bool json);

}  // namespace staronnx::apps
