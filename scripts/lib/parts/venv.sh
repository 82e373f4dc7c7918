#!/usr/bin/env bash
# The Python environment of requirements.txt.
source scripts/lib/recipe.sh
source scripts/lib/wheels.sh
source scripts/lib/environment.sh

make_part() {
  make_environment 'Python environment' requirements.txt "$1"
  python_version >"$1/.version"
}

check_part() {
  "$1/bin/python" -c 'import matplotlib, numpy, onnx, onnxruntime, psutil, pytest, xdist; onnxruntime.InferenceSession' ||
    reason 'the Python environment was made, but its packages cannot be imported; see the details'
}

adopt_part() { adopt_environment "$@"; }

run_recipe "$@"
