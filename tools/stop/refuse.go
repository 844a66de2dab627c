package stop

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ed-toolbox/ed/core/proc"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// initPID is the first process; the machine goes down with it.
const initPID = 1

// refuse says no to what nobody means: the init process, the kernel's own, this command, and what would take it down with it.
func refuse(targets []*target, o options) error {
	mine := o.system.SelfAndAncestors()
	for _, t := range targets {
		p := t.process()
		switch i := slices.Index(mine, p.PID); {
		case p.PID == initPID:
			return toolkit.Errorf(toolkit.Usage, "%s: process 1 is not to be stopped", shown(t.operand))
		case p.IsKernelThread():
			return toolkit.Errorf(toolkit.Usage, "%s: process %s is a part of the kernel, which nothing stops", shown(t.operand), shown(p.String()))
		case i == 0:
			return toolkit.Errorf(toolkit.Usage, "%s: that is this command itself", shown(t.operand))
		case i > 0 && !o.waitOnly:
			return toolkit.Errorf(toolkit.Usage, "%s: this command descends from %s and would end with it", shown(t.operand), shown(p.String()))
		}
	}
	return nil
}

// ambiguous lists the candidates, a line for each.
func ambiguous(name string, list []proc.Process) error {
	var b strings.Builder
	cause := &proc.AmbiguousError{Name: name, Candidates: list}
	fmt.Fprintf(&b, "%d processes are called %s:", len(list), shown(name))
	for _, p := range list {
		fmt.Fprintf(&b, "\n  %s, up %s, user %s: %s", shown(p.String()), duration(p.Age()), proc.UserName(p.UID), shown(commandLine(p)))
	}
	b.WriteString("\ngive the number of one, or --all for all of them")
	if root, ok := commonParent(list); ok {
		fmt.Fprintf(&b, "; %d is the parent of the others", root)
	}
	return toolkit.As(toolkit.Usage, &listError{b.String(), cause})
}

// listError is an AmbiguousError in lines.
type listError struct {
	text  string
	cause error
}

func (e *listError) Error() string { return e.text }
func (e *listError) Unwrap() error { return e.cause }

// commonParent finds the one that all others are children of.
func commonParent(list []proc.Process) (int, bool) {
	for _, root := range list {
		if !slices.ContainsFunc(list, func(p proc.Process) bool { return p.PID != root.PID && p.PPID != root.PID }) {
			return root.PID, true
		}
	}
	return 0, false
}

// maxCommandLine is how much of a command line is shown.
const maxCommandLine = 60

func commandLine(p proc.Process) string {
	text := []rune(strings.Join(p.Argv, " "))
	if len(text) > maxCommandLine {
		return string(text[:maxCommandLine]) + "…"
	}
	return string(text)
}

// shown makes text that others chose fit for a terminal.
func shown(s string) string { return toolkit.Escape(s) }
