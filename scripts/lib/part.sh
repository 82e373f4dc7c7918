# A part is a folder .deps/<name>-<version>-<key>, which is there whole or not at all, and a link .deps/<name> to it.
# The key is a hash of all that decides what the part is. Its recipe, scripts/lib/parts/<recipe>.sh, is a program:
#   <recipe> make <folder>           makes it there, and writes <folder>/.version
#   <recipe> check <folder>          fails where the part does not work on this machine
#   <recipe> adopt <link> <folder>   (optional) before the folder comes to stay under that link
# A finished part is also kept in the user's cache, so a second clone takes it from there.
# shellcheck shell=bash
: "${root:?}" "${deps:?}" "${logs:?}" "${bare:?}"

# One set-up at a time in a clone.
lock() {
  exec 9>"$deps/.lock"
  flock -n 9 || { say 'another set-up is at work in this clone; waiting for it' && flock 9; }
}

choose_cache() {
  local home=${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}
  ((!bare)) || return 0
  if [[ -n $home ]] && mkdir -p "$home/staronnx/deps" 2>/dev/null && [[ -w $home/staronnx/deps ]]; then
    cache=$home/staronnx/deps
  else
    say "note: there is no cache folder that this user can write to; nothing is kept for a second clone"
  fi
}

# key_of <words or files...>: twelve hex digits.
key_of() {
  local word
  for word in "$@"; do
    if [[ -f $word ]]; then cat "$word"; else printf '%s\n' "$word"; fi
  done | sha256sum | cut -c 1-12
}

# part_is_ready <name> <key>: true when ensure_part would have nothing to do.
part_is_ready() {
  local found
  found=$(_newest "$deps" "$1" "$2") && [[ $(readlink "$deps/$1") == "$found" ]]
}

# ensure_part <name> <title> <recipe> <key>
ensure_part() {
  local name=$1 title=$2 recipe=scripts/lib/parts/$3.sh key=$4
  if ((bare)); then
    _make "$name" "$title" "$recipe" "$key"
  elif ! _newest "$deps" "$name" "$key" >/dev/null && ! _take "$name" "$title" "$recipe" "$key"; then
    _make "$name" "$title" "$recipe" "$key"
  fi
  _point "$deps/$name" "$(_newest "$deps" "$name" "$key")"
}

# remove_superseded <name...>: older folders of parts whose link points elsewhere now.
remove_superseded() {
  local name folder
  for name in "$@"; do
    for folder in "$deps/$name"-[0-9]*; do
      [[ ! -d $folder || $(basename "$folder") == "$(readlink "$deps/$name")" ]] || rm -rf "$folder"
    done
  done
}

# _newest <where> <name> <key>: the folder of the newest version that has this key.
_newest() {
  local found
  found=$(cd "$1" 2>/dev/null && compgen -G "$2-[0-9]*-$3" | sort -V | tail -n 1)
  [[ -n $found ]] && printf '%s' "$found"
}

# Links change in one step: nobody ever sees none.
_point() {
  [[ $(readlink "$1") == "$2" ]] && return
  ln -sfn "$2" "$1.new"
  mv -T "$1.new" "$1"
}

# From the cache; false when it is not there, or does not work here.
_take() {
  local name=$1 title=$2 recipe=$3 key=$4 found partial=$deps/$1.partial
  [[ -n $cache ]] && found=$(_newest "$cache/parts" "$name" "$key") || return
  rm -rf "$partial"
  if ! _copy "$cache/parts/$found" "$partial"; then
    rm -rf "$partial"
    say "$title: cannot be copied out of the cache; making it anew"
    return 1
  elif ! logged "$title" "$logs/$name.log" bash "$recipe" check "$partial"; then
    say "$title: the copy in the cache does not work here; making it anew"
    rm -rf "$cache/parts/$found"
    return 1
  fi
  _settle "$name" "$title" "$recipe" "$deps/$found"
  say "$title $(<"$deps/$found/.version"): taken from the cache"
}

_make() {
  local name=$1 title=$2 recipe=$3 key=$4 partial=$deps/$1.partial log=$logs/$1.log from=$SECONDS verb final
  _need_room "$name" "$title"
  rm -rf "$partial"
  mkdir -p "$partial"
  say "$title: making it"
  for verb in make check; do
    logged "$title" "$log" bash "$recipe" "$verb" "$partial" ||
      fail "$title: $(what_went_wrong "$log") (details: ${log#"$root"/})"
  done
  final=$deps/$name-$(<"$partial/.version")-$key
  _settle "$name" "$title" "$recipe" "$final"
  say "$title $(<"$final/.version"): ready after $((SECONDS - from)) s"
  [[ -z $cache ]] || _keep "$final"
}

# _settle <name> <title> <recipe> <final>: the partial folder becomes the final one.
_settle() {
  local partial=$deps/$1.partial final=$4
  rm -rf "$final.old"
  { { [[ ! -e $final ]] || mv -T "$final" "$final.old"; } && bash "$3" adopt "$deps/$1" "$partial" && mv -T "$partial" "$final"; } ||
    fail "$2: cannot be put in place in $deps; give this user the right to write there, make room, and run it again"
  rm -rf "$final.old"
}

# Into the cache; a cache that cannot be written is no reason to fail.
_keep() {
  local kept
  kept=$cache/parts/$(basename "$1")
  if [[ ! -e $kept ]]; then
    { mkdir -p "$cache/parts" && _copy "$1" "$kept.partial.$$" && mv -T "$kept.partial.$$" "$kept"; } 2>/dev/null ||
      { rm -rf "$kept.partial.$$" && say "note: could not be kept in the cache, $cache"; }
  fi
}

# Hard links where the file system allows: a second clone costs no disk.
_copy() { cp -al "$1" "$2" 2>/dev/null || { rm -rf "$2" && cp -a "$1" "$2" 2>/dev/null; }; }

# Room for a part while it is being made, measured and rounded up.
_need_room() {
  local need have
  case $1 in
    venv | mlserver | openvino-runtime) need=500 ;;
    onnxruntime) need=200 ;;
    onnxruntime-gpu) need=2500 ;;
    onnxruntime-openvino) need=500 ;;
    *) need=250 ;;
  esac
  have=$(free_mb "$deps")
  ((have >= need)) || fail "$2: the disk is too full: $have MB free at $deps, this needs $need MB; free some space and run it again"
}
