package inspect

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
)

// Filter chooses events. It is a list of alternatives, each a list of conditions that all have to hold; an empty filter
// lets all pass. It may be used from any goroutine.
type Filter [][]condition

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
	byParam // those up to here are known of any message, the others of a traced one
	byOutcome
	byHandler
	byLink
	byTook
)

// messageFields are the names of conditions about a message, traceFields those that only a traced one has. "param.NAME"
// is another.
func messageFields() []string {
	return []string{"command", "service", "server", "from_service", "from_server", "peer", "direction"}
}

func traceFields() []string { return []string{"outcome", "handler", "link", "took"} }

// condition is one term of a filter.
type condition struct {
	not     bool
	field   field
	param   string        // for byParam
	present bool          // for byParam: any value will do
	value   dispatch.Glob // what the field has to match
	took    time.Duration // for byTook
	less    bool          // for byTook: shorter than that
}

// FilterError says which part of a filter cannot be understood.
type FilterError struct {
	Text   string   // the whole of it
	Reason string   // in plain words
	Field  string   // the name of a field that there is not, else ""
	Known  []string // the names there are
}

func (e *FilterError) Error() string { return fmt.Sprintf("filter %q: %s", e.Text, e.Reason) }

// ParseFilter reads alternatives. Each is a list of conditions with commas between them:
//
//	[!]COMMAND   [!]FIELD=VALUE   [!]param.NAME[=VALUE]   [!]took>=DURATION   [!]took<DURATION
//
// COMMAND and VALUE are globs (dispatch.Glob); a backslash takes the meaning of a comma or a backslash away. FIELD is
// command, service, server, from_service, from_server, peer, direction (in, out), outcome (handled, failed, unknown,
// invalid, malformed, dropped, sent), handler or link. Without a plain sign took=10ms means as long or longer. The error
// is a *FilterError.
func ParseFilter(texts ...string) (Filter, error) { return parseFilter(texts, true) }

// ParseMessageFilter is ParseFilter for messages that nobody traced: without outcome, handler, link and took.
func ParseMessageFilter(texts ...string) (Filter, error) { return parseFilter(texts, false) }

func parseFilter(texts []string, traced bool) (Filter, error) {
	var f Filter
	for _, text := range texts {
		var all []condition
		for _, term := range splitTerms(text) {
			c, err := parseCondition(strings.TrimSpace(term), traced)
			if err != nil {
				err.Text = text
				return nil, err
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

func wrong(format string, args ...any) *FilterError {
	return &FilterError{Reason: fmt.Sprintf(format, args...)}
}

func parseCondition(term string, traced bool) (condition, *FilterError) {
	var c condition
	rest, not := strings.CutPrefix(term, "!")
	c.not = not
	if traced {
		if after, ok := strings.CutPrefix(rest, "took"); ok && after != "" && strings.Contains("<>=", after[:1]) {
			return parseTook(c, after)
		}
	}
	name, value, given := strings.Cut(rest, "=")
	switch {
	case rest == "":
		return c, wrong("a condition is empty")
	case strings.HasPrefix(name, "param."):
		c.field, c.param, c.present = byParam, strings.TrimPrefix(name, "param."), !given
		if c.param == "" {
			return c, wrong("param. needs the name of a parameter")
		}
	case !given:
		c.field, value = byCommand, rest
	default:
		var err *FilterError
		if c.field, err = parseField(name, traced); err != nil {
			return c, err
		}
	}
	if why := checkValue(c.field, value); why != "" {
		return c, wrong("%s", why)
	}
	var err error
	if c.field == byCommand {
		c.value, err = dispatch.CommandGlob(value)
	} else {
		c.value, err = dispatch.NewGlob(value)
	}
	if err != nil {
		return c, wrong("%v", err)
	}
	return c, nil
}

// parseTook reads what stands behind "took".
func parseTook(c condition, text string) (condition, *FilterError) {
	c.field = byTook
	value := strings.TrimLeft(text, "<>=")
	switch sign := text[:len(text)-len(value)]; sign {
	case "=", ">=", ">":
	case "<":
		c.less = true
	default:
		return c, wrong("took is followed by >= or <, not %s", sign)
	}
	d, err := message.ParseDuration(value)
	if err != nil {
		return c, wrong("took: %q: %v", value, err)
	}
	c.took = d
	return c, nil
}

// checkValue refuses a value that could never match.
func checkValue(f field, value string) string {
	switch {
	case f == byDirection && value != "in" && value != "out":
		return fmt.Sprintf("direction is in or out, not %q", value)
	case f == byOutcome && !strings.ContainsAny(value, "*?["):
		for o := dispatch.Handled; o <= dispatch.Sent; o++ {
			if o.String() == value {
				return ""
			}
		}
		return fmt.Sprintf("outcome is handled, failed, unknown, invalid, malformed, dropped or sent, not %q", value)
	}
	return ""
}

func parseField(name string, traced bool) (field, *FilterError) {
	folded := strings.ReplaceAll(name, "-", "_")
	known := messageFields()
	if i := slices.Index(known, folded); i >= 0 {
		return field(i), nil
	}
	if traced {
		if i := slices.Index(traceFields(), folded); i >= 0 {
			return byOutcome + field(i), nil
		}
		known = append(known, traceFields()...)
	}
	err := wrong("there is no field %q; there are %s and param.NAME", name, strings.Join(known, ", "))
	err.Field, err.Known = name, known
	return 0, err
}
