package definition

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ed-toolbox/ed/core/message"
)

// Problem is one fault of a definition file.
type Problem struct {
	File   string
	Line   int // from 1; 0 when the fault is not in a line
	Reason string
}

func (p *Problem) Error() string {
	if p.Line == 0 {
		return p.File + ": " + p.Reason
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Reason)
}

// Problems are the faults of one or more files, in the order of the files and lines.
type Problems []*Problem

// Error returns all faults, one a line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i := range p {
		lines[i] = p[i].Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.As find a single *Problem.
func (p Problems) Unwrap() []error {
	all := make([]error, len(p))
	for i := range p {
		all[i] = p[i]
	}
	return all
}

// Parse reads the definition of command from the contents of a file; source names the file in faults. The error is
// Problems with every fault of the file.
func Parse(command, source string, data []byte) (*Definition, error) {
	r := reader{d: &Definition{Command: command, Source: source}, source: source, seen: map[string]int{}}
	if err := message.VerifyCommand(command); err != nil {
		r.fault(0, "the name of the file is not a command: %s", because(err))
	}
	for _, l := range scan(bytes.TrimPrefix(data, []byte("\ufeff"))) { // what some editors write first
		r.line(l)
	}
	r.endSection()
	if len(r.problems) > 0 {
		return nil, r.problems
	}
	return r.d, nil
}

// reader builds a Definition from the lines of its file.
type reader struct {
	d        *Definition
	source   string
	problems Problems

	current *Parameter // nil before the first section
	seen    map[string]int
	flags   bool
}

func (r *reader) fault(line int, format string, arguments ...any) {
	r.problems = append(r.problems, &Problem{File: r.source, Line: line, Reason: fmt.Sprintf(format, arguments...)})
}

// because returns the reason of a *message.NameError without the name, which the fault shows.
func because(err error) string {
	if bad, ok := errors.AsType[*message.NameError](err); ok {
		return bad.Reason
	}
	return err.Error()
}

func (r *reader) line(l line) {
	if l.fault != "" {
		r.fault(l.number, "%s", l.fault)
	}
	switch {
	case l.section:
		r.endSection()
		r.startSection(l)
	case l.fault == "":
		r.key(l)
	}
}

func (r *reader) startSection(l line) {
	name := strings.ReplaceAll(l.name, "-", "_")
	r.current = &Parameter{Name: name, Line: l.number}
	r.seen, r.flags = map[string]int{}, false
	if l.fault != "" {
		return
	}
	if err := message.VerifyName(name); err != nil {
		r.fault(l.number, "section [%s] is not the name of a parameter: %s", l.name, because(err))
		return
	}
	i := slices.IndexFunc(r.d.Parameters, func(p Parameter) bool { return p.Name == name })
	if i >= 0 {
		r.fault(l.number, "section [%s] was given before, in line %d", l.name, r.d.Parameters[i].Line)
	}
}

// endSection finishes the parameter in hand.
func (r *reader) endSection() {
	p := r.current
	if p == nil {
		return
	}
	if !r.flags {
		p.Required, p.Empty = true, true
	}
	if p.Required && p.Forbidden {
		r.fault(p.Line, "parameter %s is both required and forbidden", p.Name)
	}
	r.d.Parameters = append(r.d.Parameters, *p)
}

func (r *reader) key(l line) {
	name := strings.ReplaceAll(l.name, "-", "_")
	if before, found := r.seen[name]; found {
		r.fault(l.number, "key %s was given before, in line %d", l.name, before)
		return
	}
	r.seen[name] = l.number
	if r.current == nil {
		if name != "description" {
			r.fault(l.number, "key %s stands before the first section: only description may", l.name)
			return
		}
		r.d.Description = l.value
		return
	}
	switch name {
	case "description":
		r.current.Description = l.value
	case "type":
		t, known := parseType(l.value)
		if !known {
			r.fault(l.number, "unknown type %q: use string, integer, address, timespec, bool or duration", l.value)
		}
		r.current.Type = t
	case "flags":
		r.flags = true
		r.readFlags(l)
	default:
		r.fault(l.number, "unknown key %q: use type, flags or description", l.name)
	}
}

func (r *reader) readFlags(l line) {
	for word := range strings.SplitSeq(l.value, ",") {
		switch word = strings.TrimSpace(word); word {
		case "required":
			r.current.Required = true
		case "empty":
			r.current.Empty = true
		case "forbidden":
			r.current.Forbidden = true
		case "", "optional", "defined", "allowed":
		default:
			r.fault(l.number, "unknown flag %q: use required, empty, forbidden, optional, defined or allowed", word)
		}
	}
}
