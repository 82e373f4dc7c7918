# A Python environment of a list of requirements. It has no pip of its own: what is in it is what the list says.
# shellcheck shell=bash
: "${python:?}" "${work:?}"

# make_environment <title> <list> <folder>
make_environment() {
  local title=$1 list=$work/environment.txt into=$3 wheels=$work/environment-wheels
  rm -rf "$wheels"
  stage "$title: fetching wheels"
  for_this_python "$2" >"$list"
  fetch_wheels "$list" "$wheels"
  stage "$title: installing"
  "$python" -m venv --without-pip "$into"
  "$python" -m pip --disable-pip-version-check --no-input --no-cache-dir --python "$into/bin/python" install --quiet \
    --no-index --find-links "$wheels" --no-deps --no-warn-script-location --root-user-action=ignore -r "$list"
  printf '%s\n' "$into" >"$into/.place"
  rm -rf "$wheels"
}

# adopt_environment <link> <folder>: the scripts in bin/ name the place of their interpreter.
adopt_environment() {
  local link=$1 folder=$2 old
  old=$(<"$folder/.place")
  [[ $old != "$link" ]] || return 0
  { grep -rlIF "$old" "$folder/bin" "$folder/pyvenv.cfg" || true; } | xargs -r -d '\n' sed -i "s|$old|$link|g"
  rm "$folder/.place"
  printf '%s\n' "$link" >"$folder/.place"
}
