#!/usr/bin/env bash
# The ONNX project's own files out of its Python wheel: the .proto of the file format, and the nine light_* models with the
# outputs that the project expects of them.
source scripts/lib/recipe.sh
source scripts/lib/wheels.sh

make_part() {
  local into=$1 wheels=$work/onnx-wheel list=$work/onnx.txt
  rm -rf "$wheels"
  stage 'ONNX: fetching the wheel'
  for_this_python <(only_requirement onnx requirements.txt) >"$list"
  fetch_wheels "$list" "$wheels"
  "$python" scripts/lib/unpack_wheel.py "$wheels"/*.whl "$into" 'onnx/*.proto' 'onnx/backend/test/data/light/*'
  "$python" scripts/lib/unpack_wheel.py "$wheels"/*.whl "$into" --flat '*/LICENSE'
  version_of_wheel "$wheels"/*.whl >"$into/.version"
  rm -rf "$wheels"
}

check_part() {
  local part=$1 scratch=$work/onnx-check light=$1/onnx/backend/test/data/light models outputs
  rm -rf "$scratch" && mkdir -p "$scratch"
  protoc -I "$part" --cpp_out="$scratch" onnx/onnx-ml.proto ||
    reason "this machine's protoc does not compile onnx-ml.proto"
  models=("$light"/light_*.onnx)
  outputs=("$light"/light_*_output_0.pb)
  ((${#models[@]} == 9 && ${#outputs[@]} == 9)) || reason 'the onnx wheel does not carry the nine light models any more'
  rm -rf "$scratch"
}

run_recipe "$@"
