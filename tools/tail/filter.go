package tail

import (
	"fmt"
	"strings"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// field is what a condition looks at.
type field uint8

const (
	byCommand field = iota
	byService
	byServer
	byFromService
	byFromServer
	byPeer
	byDirection
	byParam
)

// fieldNames are the names before "=" in a condition; "param.NAME" is the one more.
func fieldNames() []string {
	return []string{"command", "service", "server", "from_service", "from_server", "peer", "direction"}
}

// condition is one term of a filter.
type condition struct {
	not     bool
	field   field
	param   string        // for byParam
	present bool          // for byParam: any value will do
	value   dispatch.Glob // what the field has to match
}

// filter is a list of alternatives, each a list of conditions that all have to hold. An empty filter lets all pass.
type filter [][]condition

// parseFilter reads the values of --filter. Each is a list of conditions with commas between them, all of which have to hold;
// of several values one has to hold:
//
//	[!]COMMAND  [!]FIELD=VALUE  [!]param.NAME[=VALUE]
//
// COMMAND and VALUE are globs; a backslash takes the meaning of a comma or a backslash away.
func parseFilter(texts []string) (filter, error) {
	var f filter
	for _, text := range texts {
		var all []condition
		for _, term := range splitTerms(text) {
			c, err := parseCondition(strings.TrimSpace(term))
			if err != nil {
				return nil, toolkit.Errorf(toolkit.Usage, "option --filter: in %q: %w", toolkit.Escape(text), err)
			}
			all = append(all, c)
		}
		f = append(f, all)
	}
	return f, nil
}

// splitTerms splits at commas that no backslash precedes.
func splitTerms(text string) []string {
	var terms []string
	var term []byte
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && i+1 < len(text) && (text[i+1] == ',' || text[i+1] == '\\'):
			i++
			term = append(term, text[i])
		case c == ',':
			terms, term = append(terms, string(term)), nil
		default:
			term = append(term, c)
		}
	}
	return append(terms, string(term))
}

func parseCondition(term string) (condition, error) {
	var c condition
	rest, not := strings.CutPrefix(term, "!")
	c.not = not
	name, value, given := strings.Cut(rest, "=")
	switch {
	case rest == "":
		return c, fmt.Errorf("a condition is empty")
	case strings.HasPrefix(name, "param."):
		c.field, c.param, c.present = byParam, strings.TrimPrefix(name, "param."), !given
		if c.param == "" {
			return c, fmt.Errorf("param. needs the name of a parameter")
		}
	case !given:
		c.field, value = byCommand, rest
	default:
		var err error
		if c.field, err = parseField(name); err != nil {
			return c, err
		}
	}
	if c.field == byDirection && value != "in" && value != "out" {
		return c, fmt.Errorf("direction is in or out, not %q", value)
	}
	var err error
	if c.field == byCommand {
		c.value, err = commandGlob(value)
	} else {
		c.value, err = dispatch.NewGlob(value)
	}
	return c, err
}

func parseField(name string) (field, error) {
	folded := strings.ReplaceAll(name, "-", "_")
	names := fieldNames()
	for i, n := range names {
		if folded == n {
			return field(i), nil
		}
	}
	err := fmt.Errorf("there is no field %q; there are %s and param.NAME", name, strings.Join(names, ", "))
	if near := toolkit.Nearest(name, names); near != "" {
		return 0, fmt.Errorf("there is no field %q; did you mean %s?", name, near)
	}
	return 0, err
}

// commandGlob makes a glob over commands. One that could never match is refused: commands have no lower-case letters.
func commandGlob(pattern string) (dispatch.Glob, error) {
	if pattern == "" {
		return dispatch.Glob{}, fmt.Errorf("the command is empty")
	}
	if !strings.Contains(pattern, "[") {
		for _, r := range pattern {
			switch {
			case r >= 'a' && r <= 'z':
				return dispatch.Glob{}, fmt.Errorf("%q matches no command, they are in capitals: %s", pattern, strings.ToUpper(pattern))
			case r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_', r == '*', r == '?':
			default:
				return dispatch.Glob{}, fmt.Errorf("%q matches no command: %q cannot be in one", pattern, r)
			}
		}
	}
	return dispatch.NewGlob(pattern)
}

// match says whether a message is to be shown.
func (f filter) match(m *message.Message, peer string, out bool) bool {
	if len(f) == 0 {
		return true
	}
	for _, all := range f {
		if holdAll(all, m, peer, out) {
			return true
		}
	}
	return false
}

func holdAll(all []condition, m *message.Message, peer string, out bool) bool {
	for i := range all {
		if all[i].holds(m, peer, out) == all[i].not {
			return false
		}
	}
	return true
}

func (c *condition) holds(m *message.Message, peer string, out bool) bool {
	switch c.field {
	case byService:
		return c.value.Match(m.ServiceBytes())
	case byServer:
		return c.value.Match(m.ServerBytes())
	case byFromService:
		return c.value.Match(m.SentFromServiceBytes())
	case byFromServer:
		return c.value.Match(m.SentFromServerBytes())
	case byPeer:
		return c.value.Match([]byte(peer))
	case byDirection:
		return c.value.Match([]byte(direction(out)))
	case byParam:
		value, ok := m.Lookup(c.param)
		return ok && (c.present || c.value.Match(value))
	}
	return c.value.Match(m.CommandBytes())
}

func direction(out bool) string {
	if out {
		return "out"
	}
	return "in"
}
