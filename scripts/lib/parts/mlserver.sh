#!/usr/bin/env bash
# MLServer with ONNX Runtime, in an environment of its own: a peer of the comparison.
source scripts/lib/recipe.sh
source scripts/lib/wheels.sh
source scripts/lib/environment.sh

make_part() {
  make_environment MLServer scripts/lib/wheels/mlserver.txt "$1"
  "$1/bin/python" -c 'import mlserver; print(mlserver.__version__)' >"$1/.version"
}

check_part() {
  "$1/bin/python" -c 'import mlserver.cli, onnxruntime; onnxruntime.InferenceSession' ||
    reason 'MLServer was installed, but cannot be imported; see the details'
}

adopt_part() { adopt_environment "$@"; }

run_recipe "$@"
