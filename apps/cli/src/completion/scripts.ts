import type { Shell } from "./shells.js";

// None of them evaluates a word or an answer: names of files on a host are somebody else's text. An answer is a line, its
// description behind a tab. One that ends in /, : or = goes on, so no space follows it.

// Bash splits words at = and :, which are joined here and cut off the answers again.
const bash = `# otto completion for bash
_otto() {
  local word line joined="" i
  local -a words=()
  COMPREPLY=()
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ $word == [=:]* || $joined == *[=:] && -n $joined ]] && ((\${#words[@]} > 0)); then
      words[\${#words[@]} - 1]+=$word
    else
      words+=("$word")
    fi
    joined=$word
  done
  local current=\${words[\${#words[@]} - 1]} typed=\${COMP_WORDS[COMP_CWORD]}
  [[ $typed == [=:] ]] && typed=""
  local cut=$((\${#current} - \${#typed}))
  while IFS= read -r line; do
    COMPREPLY+=("\${line:cut}")
  done < <(command otto completion bash -- "\${words[@]}" 2>/dev/null)
  type compopt &>/dev/null || return 0
  [[ \${#COMPREPLY[@]} -gt 0 && \${COMPREPLY[0]} == *[/:=] ]] && compopt -o nospace
  return 0
}
complete -F _otto otto
`;

const zsh = `#compdef otto
_otto() {
  local line value
  local -a closed open
  for line in "\${(@f)$(command otto completion zsh -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
    value=\${line%%$'\\t'*}
    if [[ -z $value ]]; then continue
    elif [[ $value == *[/:=] ]]; then open+=("$value")
    elif [[ $line == *$'\\t'* ]]; then closed+=("\${value//:/\\\\:}:\${line#*$'\\t'}")
    else closed+=("\${value//:/\\\\:}")
    fi
  done
  (( \${#open} )) && compadd -S '' -- "\${open[@]}"
  (( \${#closed} )) && _describe otto closed
}
if [[ \${funcstack[1]} == _otto ]]; then _otto "$@"; else compdef _otto otto; fi
`;

const fish = `# otto completion for fish
function __otto_answers
    set -l words (commandline --current-process --tokenize --cut-at-cursor)
    set -l current (commandline --current-token --cut-at-cursor)
    command otto completion fish -- $words[2..-1] "$current" 2>/dev/null
end
complete --command otto --no-files --arguments '(__otto_answers)'
`;

/** What a shell reads to complete `otto`. */
export const scripts: Readonly<Record<Shell, string>> = { bash, zsh, fish };
