package main

import (
	"fmt"
	"strings"

	"github.com/ed-toolbox/ed/tools/toolkit"
)

// zshScript works as a file _ed in fpath and when sourced. "path" is a special variable of zsh, hence "at".
func zshScript(nodes []completionNode, names []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "#compdef %s\n\n", strings.Join(names, " "))
	b.WriteString("_ed_valued() { # COMMAND: options whose value is the next word\n  case $1 in\n")
	caseLines(&b, nodes, func(n completionNode) string { return optionNames(n.options, takesNext) })
	b.WriteString("  esac\n}\n\n_ed_commands() {\n  case $1 in\n")
	caseLines(&b, nodes, completionNode.commandNames)
	b.WriteString("  esac\n}\n\n_ed_values() { # \"COMMAND OPTION\"\n  case $1 in\n")
	for _, n := range nodes {
		for _, o := range n.options {
			if rule := valueRule(o); rule != "" {
				for _, name := range o.Names {
					writeCase(&b, n.path+" "+name, rule)
				}
			}
		}
	}
	b.WriteString("  esac\n}\n\n_ed_names() { # COMMAND: of what is running, for ed names\n  case $1 in\n")
	caseLines(&b, nodes, func(n completionNode) string { return n.names })
	b.WriteString("  esac\n}\n\n_ed_messages() {\n  case $1 in\n")
	caseLines(&b, nodes, func(n completionNode) string { return strings.Join(n.messages, " ") })
	b.WriteString("  esac\n}\n\n_ed_describe() { # COMMAND: fills options and others with \"word:description\"\n  case $1 in\n")
	for _, n := range nodes {
		writeZshNode(&b, n)
	}
	b.WriteString("  esac\n}\n")
	b.WriteString(zshFunction)
	fmt.Fprintf(&b, "if [ \"$funcstack[1]\" = _ed ]; then _ed \"$@\"; else compdef _ed %s; fi\n", strings.Join(names, " "))
	return b.String()
}

func writeZshNode(b *strings.Builder, n completionNode) {
	fmt.Fprintf(b, "    %s)\n      options=(", shellQuote(n.path))
	for _, o := range n.allOptions() {
		for _, name := range o.Names {
			fmt.Fprintf(b, " %s", zshDescribed(name, o))
		}
	}
	b.WriteString(" )\n      others=(")
	for _, c := range n.commands {
		fmt.Fprintf(b, " %s", shellQuote(c.word+":"+c.text))
	}
	for _, w := range n.operands {
		fmt.Fprintf(b, " %s", shellQuote(w))
	}
	b.WriteString(" ) ;;\n")
}

func zshDescribed(name string, o toolkit.Option) string {
	return shellQuote(strings.ReplaceAll(name, ":", `\:`) + ":" + o.Usage)
}

const zshFunction = `
_ed() {
  local cur=${words[CURRENT]} prev=${words[CURRENT-1]} at= word rule
  local -a options others
  local -i i
  case ${words[1]:t} in ed-*) at=${${words[1]:t}#ed-} ;; esac
  for ((i = 2; i < CURRENT; i++)); do
    word=${words[i]}
    case $word in
    --) break ;;
    -*) [[ " $(_ed_valued "$at") " == *" $word "* ]] && ((i++)) ;;
    *)
      [[ " $(_ed_commands "$at") " == *" $word "* ]] || break
      at=${at:+$at }$word
      ;;
    esac
  done
  word=
  if [[ $cur == (|--*=)(unix(|gram|packet)|fifo):* ]]; then # a path begins behind the colon
    compset -P '*:'
    _files
    return
  fi
  if [[ $cur == --*=* ]]; then
    word=${cur%%=*}
    compset -P '*='
  elif [[ " $(_ed_valued "$at") " == *" $prev "* ]]; then
    word=$prev
  fi
  if [[ -n $word ]]; then
    rule=$(_ed_values "$at $word")
    case $rule in
    FILE) _files ;;
    DIR) _files -/ ;;
    ?*) compadd -- ${=rule} ;;
    esac
    return
  fi
  _ed_describe "$at"
  if [[ $cur == -* ]]; then
    _describe -o option options
  elif ((${#others})); then
    _describe command others
  elif rule=$(_ed_messages "$at"); [[ -n $rule && $cur == (*/*|[A-Z]*) ]]; then
    compset -P '*/'
    compadd -- ${=rule}
  elif rule=$(_ed_names "$at"); [[ -n $rule ]]; then
    word=${words[1]}
    case ${word:t} in ed-*) word=${word%ed-*}ed ;; esac
    others=(${(f)"$("$word" names ${rule%/} 2>/dev/null)"})
    if [[ $rule == */ ]]; then
      compadd -S / -- $others
    else
      compadd -- $others || _files
    fi
  else
    _files
  fi
}

`
