# Python wheels: exact versions, checksums verified, kept in the user's cache.
# shellcheck shell=bash
python=/usr/bin/python3

python_version() { "$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])'; }

# for_this_python <file>: a list of requirements as it is for Debian 12's Python 3.11. For another Python the versions hold,
# but the recorded checksums, those of other wheels, do not.
for_this_python() {
  if [[ $(python_version) == 3.11 ]]; then cat "$1"; else sed '/--hash=/d; s/ \\$//' "$1"; fi
}

# only_requirement <package> <file>: its lines alone.
only_requirement() {
  awk -v name="$1==" 'index($0, name) == 1 { on = 1 } on { print } on && !/\\$/ { exit }' "$2"
}

# fetch_wheels <list of requirements> <folder> [options of pip...]: every wheel of the list, from the cache, else from the package index.
fetch_wheels() {
  local list=$1 into=$2 pip
  pip=("$python" -m pip --disable-pip-version-check --no-input --no-cache-dir download --no-deps --only-binary :all:
    --progress-bar off -r "$list" -d "$into" "${@:3}")
  mkdir -p "$into"
  if [[ -z $cache ]]; then
    "${pip[@]}"
  elif [[ ! -d $cache/wheels ]] || ! "${pip[@]}" --no-index --find-links "$cache/wheels" >/dev/null 2>&1; then
    "${pip[@]}"
    _keep_wheels "$into"
  fi
}

# A cache that cannot be written is no reason to fail.
_keep_wheels() {
  local wheel partial=$cache/wheels/.partial.$$
  mkdir -p "$cache/wheels" || return 0
  for wheel in "$1"/*.whl; do
    { cp "$wheel" "$partial" && mv "$partial" "$cache/wheels/$(basename "$wheel")"; } || rm -f "$partial"
  done
}

# version_of_wheel <file>
version_of_wheel() { basename "$1" | cut -d - -f 2; }
