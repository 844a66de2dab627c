package main

import (
	"fmt"
	"strings"

	"github.com/ed-toolbox/ed/tools/toolkit"
)

// fishScript describes every command twice: as "ed COMMAND", under a condition, and as the program ed-COMMAND.
func fishScript(nodes []completionNode, names []string) string {
	var b strings.Builder
	b.WriteString("# fish completion for ed: ed completion fish > ~/.config/fish/completions/ed.fish\n\n")
	b.WriteString("function __ed_valued\n  switch $argv[1]\n")
	writeFishSwitch(&b, nodes, func(n completionNode) string { return optionNames(n.options, takesNext) })
	b.WriteString("  end\nend\n\nfunction __ed_commands\n  switch $argv[1]\n")
	writeFishSwitch(&b, nodes, completionNode.commandNames)
	b.WriteString("  end\nend\n")
	b.WriteString(fishFunction)
	for _, name := range names {
		fmt.Fprintf(&b, "complete -c %s -f\n", name)
	}
	for _, n := range nodes {
		top, _, _ := strings.Cut(n.path, " ")
		for _, program := range names {
			if program == "ed" || program == "ed-"+top {
				writeFishNode(&b, program, n)
			}
		}
	}
	return b.String()
}

func writeFishSwitch(b *strings.Builder, nodes []completionNode, words func(completionNode) string) {
	for _, n := range nodes {
		if w := words(n); w != "" {
			fmt.Fprintf(b, "    case %s\n      string split ' ' -- %s\n", fishQuote(n.path), fishQuote(w))
		}
	}
}

func writeFishNode(b *strings.Builder, program string, n completionNode) {
	head := fmt.Sprintf("complete -c %s -n %s", program, fishQuote("__ed_at "+fishQuote(n.path)))
	for _, c := range n.commands {
		fmt.Fprintf(b, "%s -a %s -d %s\n", head, c.word, fishQuote(c.text))
	}
	if kind, more := strings.CutSuffix(n.names, "/"); kind != "" {
		list := "command ed names " + kind + " 2>/dev/null"
		if more {
			list += " | string replace -r '$' /"
		}
		fmt.Fprintf(b, "%s -a %s\n", head, fishQuote("("+list+")"))
	}
	if len(n.messages) > 0 {
		fmt.Fprintf(b, "%s -a %s\n", head, fishQuote("(__ed_messages "+strings.Join(n.messages, " ")+")"))
	}
	switch {
	case len(n.operands) > 0:
		fmt.Fprintf(b, "%s -a %s\n", head, fishQuote(strings.Join(n.operands, " ")))
	case n.names != "": // files would hide the names; a path is meant as soon as it has a slash
		fmt.Fprintf(b, "complete -c %s -n %s -F\n", program, fishQuote("__ed_at "+fishQuote(n.path)+"; and __ed_path"))
	case len(n.commands) == 0 && n.path != "":
		fmt.Fprintf(b, "%s -F\n", head)
	}
	for _, o := range n.allOptions() {
		b.WriteString(head + fishOption(o) + "\n")
	}
}

func fishOption(o toolkit.Option) string {
	var b strings.Builder
	for _, name := range o.Names {
		if long, ok := strings.CutPrefix(name, "--"); ok {
			b.WriteString(" -l " + long)
		} else {
			b.WriteString(" -s " + fishQuote(strings.TrimPrefix(name, "-")))
		}
	}
	if takesNext(o) {
		switch rule := valueRule(o); {
		case rule == "FILE", rule == "DIR", o.Arg == "ADDR": // the path of unix:PATH is completed, too
			b.WriteString(" -r -F")
		case rule == "":
			b.WriteString(" -x")
		default:
			b.WriteString(" -x -a " + fishQuote(rule))
		}
	}
	b.WriteString(" -d " + fishQuote(o.Usage))
	return b.String()
}

// fishQuote: in fish's single quotes a backslash takes the meaning from quotes and backslashes.
func fishQuote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

const fishFunction = `
function __ed_at # COMMAND: is that the command before the cursor?
  set -l words (commandline -opc)
  set -l at (string replace -r '^(.*/)?ed-' '' -- $words[1])
  string match -qr '(^|/)ed-[^/]*$' -- $words[1]; or set at ''
  set -l skip 0
  for word in $words[2..-1]
    if test $skip = 1
      set skip 0
    else if string match -q -- '-*' $word
      contains -- $word (__ed_valued "$at"); and set skip 1
    else if contains -- $word (__ed_commands "$at")
      set at (string trim -- "$at $word")
    else
      break
    end
  end
  test "$at" = "$argv[1]"
end

function __ed_messages # COMMANDS: behind the service that the word at the cursor names, or alone
  set -l service (string match -r '^.*/' -- (commandline -ct))
  if test -n "$service"
    printf '%s\n' $service$argv
  else
    printf '%s\n' $argv
  end
end

function __ed_path # does the word at the cursor begin a path?
  string match -q '*/*' -- (commandline -ct)
end

`
