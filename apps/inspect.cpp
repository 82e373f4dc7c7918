#include <iostream>
#include <memory>

#include "apps/verbs.h"
#include "staronnx/base/write_file.h"
#include "staronnx/plan/picture.h"
#include "staronnx/plan/plan.h"

namespace staronnx::apps {
namespace {

struct Options {
  std::string directory;
  std::string svg;
  std::string variant;
  bool json = false;
};

// The variant asked for, else the first that is a split, else the whole model.
Result<const Variant*> chosen(const Plan& plan, const std::string& name) {
  if (name.empty()) return &plan.variants[plan.variants.size() > 1 ? 1 : 0];
  if (const Variant* variant = plan.find(name)) return variant;
  std::string names;
  for (const Variant& variant : plan.variants) names += (names.empty() ? "" : ", ") + variant.name;
  return Error{ErrorCode::not_found, "the plan has no variant '" + name + "'; it has: " + names};
}

Status write_picture(const Plan& plan, const Options& options) {
  Result<const Variant*> variant = chosen(plan, options.variant);
  if (!variant) return variant.error();
  Result<std::string> svg = svg_of(plan, **variant);
  if (!svg) return svg.error();
  return write_file(options.svg, *svg);
}

int run_verb(const Options& options) {
  Result<Plan> plan = load_plan(options.directory);
  if (!plan) return report(plan.error(), options.json);
  if (!options.svg.empty()) {
    if (Status written = write_picture(*plan, options); !written) return report(written.error(), options.json);
  }
  std::cout << (options.json ? to_json(*plan) : describe(*plan));
  return 0;
}

}  // namespace

void add_inspect(CLI::App& app, int& exit_status) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("inspect", "Explain a plan in words, and as a picture");
  verb->add_option("PLAN", options->directory, "The directory of a plan")->required();
  CLI::Option* svg = verb->add_option("--svg", options->svg, "Write the picture of a cut to this file");
  verb->add_option("--variant", options->variant, "The cut to draw, such as k3 (default: the first split)")->needs(svg);
  verb->add_flag("--json", options->json, "Print the plan as JSON");
  verb->callback([options, &exit_status] { exit_status = run_verb(*options); });
}

}  // namespace staronnx::apps
