// The options by which a user says when requests come, shared by the verbs that put systems under load.
#pragma once

#include <CLI/CLI.hpp>
#include <array>
#include <string>

#include "staronnx/bench/arrivals.h"

namespace staronnx::apps {

struct ArrivalsChoice {
  std::string distribution = "poisson";
  std::string intervals;  // a file; empty: none

  // Adds --request-distribution and --request-intervals, which excludes `rates` and the other.
  std::array<CLI::Option*, 2> add_to(CLI::App& verb, CLI::Option* rates);

  // Reads the file.
  Result<ArrivalProcess> process() const;
};

}  // namespace staronnx::apps
