# What every recipe under parts/ begins with; it runs as a program of its own, started by part.sh.
# shellcheck shell=bash
set -euo pipefail
: "${deps:?}" "${work:?}" "${cache=}"

stage() { printf 'setup:   %s\n' "$*" >&3; }
# The reason of a failure, in words that the user gets to see.
reason() {
  printf 'REASON: %s\n' "$*"
  exit 1
}
need_file() { [[ -s $1 ]] || reason "the file $(basename "$1") is missing from what was fetched; run it again"; }

# run_recipe <make|check|adopt> <folders...>: the recipe defines make_part and check_part, and adopt_part where it needs one.
adopt_part() { :; }
run_recipe() { "$1_part" "${@:2}"; }
