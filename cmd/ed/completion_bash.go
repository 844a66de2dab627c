package main

import (
	"fmt"
	"strings"

	"github.com/ed-toolbox/ed/tools/toolkit"
)

// bashScript needs bash 4 and nothing else; the bash-completion package may be there or not.
func bashScript(nodes []completionNode, names []string) string {
	var b strings.Builder
	b.WriteString("# bash completion for ed: source <(ed completion bash)\n\n")
	b.WriteString("_ed_words() { # KIND COMMAND: what may stand there\n  case $1:$2 in\n")
	for _, n := range nodes {
		writeCase(&b, "command:"+n.path, n.commandNames())
		writeCase(&b, "operand:"+n.path, strings.Join(n.operands, " "))
		writeCase(&b, "names:"+n.path, n.names)
		writeCase(&b, "message:"+n.path, strings.Join(n.messages, " "))
		writeCase(&b, "option:"+n.path, optionNames(n.allOptions(), func(toolkit.Option) bool { return true }))
		writeCase(&b, "valued:"+n.path, optionNames(n.options, takesNext))
		for _, o := range n.options {
			if rule := valueRule(o); rule != "" {
				for _, name := range o.Names {
					writeCase(&b, "value:"+n.path+" "+name, rule)
				}
			}
		}
	}
	b.WriteString("  esac\n}\n")
	b.WriteString(bashFunction)
	fmt.Fprintf(&b, "complete -o bashdefault -o default -F _ed %s\n", strings.Join(names, " "))
	return b.String()
}

// bashFunction walks the words before the cursor to find the command, then offers the values of the option before the cursor,
// options after a dash, and else commands and operands. Bash makes "=" a word of its own. Names come from the program that is
// completed for, by its name or path as it was typed.
const bashFunction = `
_ed() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} path= word i words rule
  word=${COMP_WORDS[0]##*/}
  case $word in ed-*) path=${word#ed-} ;; esac
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    case $word in
    --) break ;;
    -*) [[ " $(_ed_words valued "$path") " == *" $word "* && ${COMP_WORDS[i+1]} != "=" ]] && ((i++)) ;;
    =) ((i++)) ;;
    *)
      [[ " $(_ed_words command "$path") " == *" $word "* ]] || break
      path=${path:+$path }$word
      ;;
    esac
  done
  COMPREPLY=()
  if [[ $cur == "=" ]]; then
    cur=
    word=$prev
  elif [[ $prev == "=" ]]; then
    word=${COMP_WORDS[COMP_CWORD-2]}
  else
    word=$prev
    [[ " $(_ed_words valued "$path") " == *" $word "* ]] || word=
  fi
  if [[ $word == -* ]]; then
    rule=$(_ed_words value "$path $word")
    case $rule in
    FILE) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
    DIR) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$rule" -- "$cur") ;;
    esac
    return
  fi
  if [[ $cur == -* ]]; then
    words=$(_ed_words option "$path")
  else
    words="$(_ed_words command "$path") $(_ed_words operand "$path")"
    rule=$(_ed_words names "$path")
    word=$(_ed_words message "$path")
    if [[ -n $word && $cur == */* ]]; then
      mapfile -t COMPREPLY < <(compgen -P "${cur%/*}/" -W "$word" -- "${cur##*/}")
      return
    elif [[ -n $word && $cur == [A-Z]* ]]; then
      words=$word
    elif [[ -n $rule ]]; then
      word=${COMP_WORDS[0]}
      case ${word##*/} in ed-*) word=${word%ed-*}ed ;; esac
      mapfile -t words < <("$word" names "${rule%/}" 2>/dev/null)
      if [[ $rule == */ ]]; then
        compopt -o nospace 2>/dev/null
        words=("${words[@]/%//}")
      fi
      words="${words[*]}"
    fi
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
`
