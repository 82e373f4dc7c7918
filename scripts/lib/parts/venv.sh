#!/usr/bin/env bash
# The Python environment of requirements.txt. It has no pip of its own: what is in it is what the file says.
source scripts/lib/recipe.sh
source scripts/lib/wheels.sh

make_part() {
  local into=$1 wheels=$work/venv-wheels list=$work/venv.txt
  rm -rf "$wheels"
  stage 'Python environment: fetching wheels'
  for_this_python requirements.txt >"$list"
  fetch_wheels "$list" "$wheels"
  stage 'Python environment: installing'
  "$python" -m venv --without-pip "$into"
  "$python" -m pip --disable-pip-version-check --no-input --no-cache-dir --python "$into/bin/python" install --quiet \
    --no-index --find-links "$wheels" --no-deps --no-warn-script-location --root-user-action=ignore -r "$list"
  printf '%s\n' "$into" >"$into/.place"
  python_version >"$into/.version"
  rm -rf "$wheels"
}

check_part() {
  "$1/bin/python" -c 'import matplotlib, numpy, onnx, onnxruntime, pytest, xdist; onnxruntime.InferenceSession' ||
    reason 'the Python environment was made, but its packages cannot be imported; see the details'
}

# adopt <link> <folder>: the scripts in bin/ name the place of their interpreter.
adopt_part() {
  local link=$1 folder=$2 old
  old=$(<"$folder/.place")
  [[ $old != "$link" ]] || return 0
  { grep -rlIF "$old" "$folder/bin" "$folder/pyvenv.cfg" || true; } | xargs -r -d '\n' sed -i "s|$old|$link|g"
  rm "$folder/.place"
  printf '%s\n' "$link" >"$folder/.place"
}

run_recipe "$@"
