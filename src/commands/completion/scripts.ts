/** Shells for which there is a script, each with the line that has it read whenever the shell starts. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

export const INSTALL: Readonly<Record<Shell, string>> = {
  bash: `echo 'eval "$(crew completion bash)"' >> ~/.bashrc`,
  zsh: `echo 'eval "$(crew completion zsh)"' >> ~/.zshrc`,
  fish: 'crew completion fish > ~/.config/fish/completions/crew.fish',
}

/**
 * They hand the line to `crew __complete`, which answers with how to complete (words, files or teams, and perhaps
 * nospace) in a first line, and then with a word in each, which a tab parts from what it is.
 */
export const SCRIPTS: Readonly<Record<Shell, string>> = {
  // Readline inserts what it lists, so what a word is can only be told when nothing is inserted: after a second TAB (63).
  bash: String.raw`# Completion of crew for bash: eval "$(crew completion bash)"
_crew() {
  local mode= line value quoted width=0 i word=$2
  local -a values abouts
  while IFS= read -r line; do
    if [[ -z $mode ]]; then mode=$line; continue; fi
    value=\${line%%$'\t'*}
    values+=("$value")
    abouts+=("\${line#*$'\t'}")
    (( \${#value} > width )) && width=\${#value}
  done < <("$1" __complete bash "\${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
  COMPREPLY=()
  case $mode in
    teams)
      compopt -o filenames 2>/dev/null
      while IFS= read -r line; do COMPREPLY+=("$line"); done < <(
        compgen -d -- "$word"
        for value in yaml yml json; do compgen -f -X "!*.$value" -- "$word"; done
      )
      (( \${#COMPREPLY[@]} )) || compopt -o default 2>/dev/null
      return ;;
    files) compopt -o default 2>/dev/null; return ;;
    *nospace) compopt -o nospace 2>/dev/null ;;
  esac
  compopt -o nosort 2>/dev/null
  for (( i = 0; i < \${#values[@]}; i++ )); do
    if [[ $COMP_TYPE == 63 && \${#values[@]} -gt 1 && -n \${abouts[i]} ]]; then
      printf -v quoted '%-*s  (%s)' "$width" "\${values[i]}" "\${abouts[i]}"
    else
      printf -v quoted %q "\${values[i]}"
    fi
    COMPREPLY+=("$quoted")
  done
}
complete -F _crew crew
`.replaceAll('\\$', '$'),
  zsh: String.raw`#compdef crew
# Completion of crew for zsh: eval "$(crew completion zsh)"
_crew() {
  local mode line
  local -a lines candidates space
  lines=("\${(@f)$("\${(Q)words[1]}" __complete zsh "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null)}")
  mode=$lines[1]
  shift lines
  [[ $mode != words* && $PREFIX == --*=* ]] && compset -P '*='
  case $mode in
    files) _files; return ;;
    teams) _files -g '*.(yaml|yml|json)'; return ;;
    *nospace) space=(-S '') ;;
  esac
  for line in $lines; do
    candidates+=("\${\${line%%$'\t'*}//:/\\:}\${\${line#*$'\t'}:+:\${line#*$'\t'}}")
  done
  _describe -V 'crew' candidates $space
}
if [[ $funcstack[1] == _crew ]]; then
  _crew "$@"
else
  (( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
  compdef _crew crew
fi
`.replaceAll('\\$', '$'),
  fish: String.raw`# Completion of crew for fish: crew completion fish > ~/.config/fish/completions/crew.fish
function __crew_complete
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    set -l crew $words[1]
    set -e words[1]
    set -l lines ($crew __complete fish $words "$word" 2>/dev/null)
    switch "$lines[1]"
        case files
            __fish_complete_path "$word"
        case teams
            __fish_complete_suffix "$word" .yaml | string match -r '.*(?:/|\.ya?ml|\.json)(?:\t.*)?$'
        case '*'
            set -e lines[1]
            printf '%s\n' $lines
    end
end
complete -c crew -f -k -a '(__crew_complete)'
`,
}
