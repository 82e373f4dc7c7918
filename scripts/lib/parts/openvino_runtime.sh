#!/usr/bin/env bash
# OpenVINO's own runtime, in an environment of its own: a yardstick of the comparison.
source scripts/lib/recipe.sh
source scripts/lib/wheels.sh
source scripts/lib/environment.sh

make_part() {
  make_environment OpenVINO scripts/lib/wheels/openvino_runtime.txt "$1"
  "$1/bin/python" -c 'import importlib.metadata; print(importlib.metadata.version("openvino"))' >"$1/.version"
}

check_part() {
  "$1/bin/python" -c 'import openvino; assert "CPU" in openvino.Core().available_devices' ||
    reason 'OpenVINO was installed, but finds no processor that it can use; see the details'
}

adopt_part() { adopt_environment "$@"; }

run_recipe "$@"
