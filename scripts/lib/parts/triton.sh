#!/usr/bin/env bash
# NVIDIA's tritonserver with its Python backend, as the wheel lays them out: the libraries find one another by that. Models run in the
# project's own Python environment, so that ONNX Runtime is the same.
source scripts/lib/recipe.sh
source scripts/lib/wheels.sh

make_part() {
  local into=$1 wheels=$work/triton-wheel stub
  rm -rf "$wheels"
  stage 'Triton: fetching the wheel that carries it (55 MB)'
  fetch_wheels scripts/lib/wheels/triton.txt "$wheels"
  stub=pytriton/tritonserver/python_backend_stubs/$(python_version)/triton_python_backend_stub
  "$python" scripts/lib/unpack_wheel.py "$wheels"/*.whl "$into" 'pytriton/tritonserver/bin/*' 'pytriton/tritonserver/backends/*' \
    'nvidia_pytriton.libs/*' '*.dist-info/licenses/*' '*.dist-info/METADATA'
  "$python" scripts/lib/unpack_wheel.py "$wheels"/*.whl "$into" "$stub"
  mv "$into/$stub" "$into/pytriton/tritonserver/backends/python/"
  chmod +x "$into"/pytriton/tritonserver/bin/tritonserver "$into"/pytriton/tritonserver/backends/python/triton_python_backend_stub
  version_of_wheel "$wheels"/*.whl >"$into/.version"
  rm -rf "$wheels"
}

check_part() {
  local at=$1/pytriton/tritonserver missing
  missing=$(ldd "$at/bin/tritonserver" "$at/backends/python/triton_python_backend_stub" "$at/backends/python/libtriton_python.so" |
    sed -n 's/ => not found//p' | tr -d '\t' | sort -u | tr '\n' ' ')
  [[ -z $missing ]] || reason "Triton needs libraries that are not here: ${missing% }; install their packages (apt-get install libpython$(python_version))"
}

run_recipe "$@"
