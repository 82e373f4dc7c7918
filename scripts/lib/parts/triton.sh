#!/usr/bin/env bash
# NVIDIA's tritonserver with its Python backend and ONNX Runtime for it, in an environment of its own: a peer of the comparison. The parts
# of Triton find one another by where the wheel lays them; the link tritonserver leads there.
source scripts/lib/recipe.sh
source scripts/lib/wheels.sh
source scripts/lib/environment.sh

home_in() { printf '%s/lib/python%s/site-packages/pytriton/tritonserver' "$1" "$(python_version)"; }

# The backend takes the stub for its Python from its own folder.
make_part() {
  local home
  home=$(home_in "$1")
  make_environment Triton scripts/lib/wheels/triton.txt "$1"
  mv "$home/python_backend_stubs/$(python_version)/triton_python_backend_stub" "$home/backends/python/"
  rm -r "$home/python_backend_stubs"
  chmod +x "$home/bin/tritonserver" "$home/backends/python/triton_python_backend_stub"
  ln -s "${home#"$1"/}" "$1/tritonserver"
  sed -n 's/^nvidia-pytriton==\([^ ]*\).*/\1/p' scripts/lib/wheels/triton.txt >"$1/.version"
}

check_part() {
  local home missing
  home=$(home_in "$1")
  missing=$(ldd "$home/bin/tritonserver" "$home/backends/python/triton_python_backend_stub" "$home/backends/python/libtriton_python.so" |
    sed -n 's/ => not found//p' | tr -d '\t' | sort -u | tr '\n' ' ')
  [[ -z $missing ]] || reason "Triton needs libraries that are not here: ${missing% }; install their packages (apt-get install libpython$(python_version))"
  "$1/bin/python" -c 'import numpy, onnxruntime; assert numpy.__version__ < "2"'
}

adopt_part() { adopt_environment "$@"; }

run_recipe "$@"
