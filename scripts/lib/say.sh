# What the scripts say. The script that reads this file sets `speaker` first.
# shellcheck shell=bash
: "${speaker:=setup}"

say() { printf '%s: %s\n' "$speaker" "$*"; }

# One line that names the thing, what is wrong with it and what to do; nothing after it.
fail() {
  printf '%s: FAILED: %s\n' "$speaker" "$*" >&2
  exit 1
}

# Free megabytes where a path is, or will be.
free_mb() {
  local at=$1
  while [[ ! -e $at ]]; do at=$(dirname "$at"); done
  df --output=avail -BM "$at" | tail -n 1 | tr -dc '0-9'
}

# what_went_wrong <log>: the reason and the remedy, in words, from what a failed step wrote.
# A step that knows its reason writes it as a line `REASON: ...`.
what_went_wrong() {
  local log=$1 reason
  if reason=$(grep -a '^REASON: ' "$log" 2>/dev/null | tail -n 1) && [[ -n $reason ]]; then
    printf '%s' "${reason#REASON: }"
  elif grep -aqiE 'no space left on device|disk quota exceeded|not enough free space|ENOSPC' "$log" 2>/dev/null ||
    (($(free_mb "$log") < 20)); then
    printf 'the disk is full (%s MB free for %s); free some space and run it again' "$(free_mb "$log")" "$(dirname "$log")"
  elif grep -aqiE 'read-only file system|permission denied|operation not permitted' "$log"; then
    printf 'a permission is missing: %s' "$(grep -aiE 'read-only file system|permission denied|operation not permitted' "$log" | head -n 1 | cut -c 1-160)"
  elif grep -aqE 'apt-get|^(Err|Ign):|^E: ' "$log" && grep -aqiE "$_network_words" "$log"; then
    printf 'the Debian mirror that this machine uses cannot be reached; check the network and the proxy (apt-get update shows more), then run it again'
  elif grep -aqiE "$_network_words" "$log"; then
    printf 'the Python package index cannot be reached; check the network and the proxy (python3 -m pip download pip shows more), then run it again'
  else
    printf 'it ended with: %s' "$(grep -av '^[[:space:]]*$' "$log" | tail -n 1 | cut -c 1-160)"
  fi
}
_network_words='could not resolve|temporary failure (in name resolution|resolving)|name or service not known|could not connect|connection (refused|reset|timed out)|cannot initiate the connection|network is unreachable|no route to host|proxyerror|newconnectionerror|max retries exceeded|failed to fetch|read timed out|connection broken|no matching distribution found'

# logged <title> <log> <command...>: runs a step with its output in the log; while it runs, a line every ten seconds.
# The step says what it is doing on file descriptor 3. Returns the step's status.
logged() {
  local title=$1 log=$2 ticker status=0
  shift 2
  _tick "$title" "$log" $$ &
  ticker=$!
  "$@" 3>&1 >"$log" 2>&1 </dev/null 9>&- || status=$?
  kill "$ticker" 2>/dev/null || true
  wait "$ticker" 2>/dev/null || true
  return "$status"
}

# It waits by reading what never comes: a `sleep` would live on when the step is over.
_tick() {
  local title=$1 log=$2 parent=$3 from=$SECONDS last
  exec 9>&- 8<> <(:)
  until read -rt 10 -u 8 || ! kill -0 "$parent" 2>/dev/null; do
    last=$(tail -c 400 "$log" 2>/dev/null | tr '\r' '\n' | grep -av '^[[:space:]]*$' | tail -n 1 | tr -s '[:space:]' ' ' | cut -c 1-70)
    say "  ... $title, $((SECONDS - from)) s${last:+: $last}"
  done
}
