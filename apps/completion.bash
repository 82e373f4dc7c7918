# Completes the words of the staronnx command in bash: its verbs, and the options that a verb's --help lists; else files.
# shellcheck shell=bash
_staronnx() {
  local command=${COMP_WORDS[0]} word=${COMP_WORDS[COMP_CWORD]} verb=() words=''
  ((COMP_CWORD == 1)) || verb=("${COMP_WORDS[1]}")
  if [[ $word == -* ]]; then
    words=$("$command" "${verb[@]}" --help 2>/dev/null | sed -n 's/^  \(-[^ ,]*\(, -[^ ,]*\)*\).*/\1/p' | tr -d ,)
  elif ((COMP_CWORD == 1)); then
    words=$("$command" --help 2>/dev/null | sed -n '/^Subcommands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -o default -F _staronnx staronnx
