package on

import (
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
	"text/template"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// functions are those that templates have beside the ones of the language.
func functions() template.FuncMap {
	return template.FuncMap{"base": path.Base, "dir": path.Dir, "ext": path.Ext}
}

// newTemplate reads a template and tries it, so that a wrong one is a wrong command line.
func newTemplate(what, text string) (*template.Template, error) {
	t, err := template.New("t").Funcs(functions()).Parse(text)
	if err == nil {
		err = t.Execute(&strings.Builder{}, sample())
	}
	if err != nil {
		return nil, toolkit.WithHint(toolkit.Errorf(toolkit.Usage, "%s: %w", what, toolkit.TemplateReason(err)), "fields are .Event .Path .Old .Name .PID .Exit .Count .N .Time and others, see ed man on")
	}
	return t, nil
}

// sample is an event for trying templates.
func sample() *event {
	return &event{Kind: kindFile, Event: "create", Path: "dir/file", Name: "file", Count: 1, N: 1, Paths: []string{"dir/file"}}
}

// render makes the text of a template for an event. One that was good for the sample may still ask for what this event has not.
func render(t *template.Template, e *event) (string, error) {
	var b strings.Builder
	if err := t.Execute(&b, e); err != nil {
		return "", toolkit.TemplateReason(err)
	}
	return b.String(), nil
}

// messageTemplate makes messages. Templates stand in values of parameters only: the message is read first, and what an event
// puts into a value is set as a value, so that nothing in it can become a part of the message's form.
type messageTemplate struct {
	text   string
	fixed  *message.Message
	values []valueTemplate
}

type valueTemplate struct {
	name string
	text *template.Template
}

// Characters for private use that stand around the number of a template action while the message is read.
const (
	actionBegin = "\uE000"
	actionEnd   = "\uE001"
)

// newMessageTemplate reads a message with templates in its values. from is put in as the sender where it names none.
func newMessageTemplate(text string, from func(*message.Message)) (*messageTemplate, error) {
	marked, actions, err := cutActions(text)
	if err != nil {
		return nil, toolkit.Errorf(toolkit.Usage, "message %q: %w", toolkit.Escape(text), err)
	}
	m, err := message.Parse([]byte(marked))
	if err == nil {
		if m.SentFromServer() == "" && m.SentFromService() == "" {
			from(m)
		}
		err = m.Check()
	}
	switch {
	case errors.Is(err, message.ErrEmpty):
		return nil, toolkit.Errorf(toolkit.Usage, "option --send: the message is empty")
	case err != nil && complainsOfMark(marked, err):
		return nil, misplaced(text)
	case err != nil:
		return nil, toolkit.As(toolkit.Data, fmt.Errorf("message %q: %w", toolkit.Escape(text), err))
	}
	t := &messageTemplate{text: text, fixed: m}
	used := 0
	for name, value := range m.Params() {
		if strings.Contains(name, actionBegin) {
			return nil, misplaced(text)
		}
		whole, n := putActions(value, actions)
		if n == 0 {
			continue
		}
		used += n
		v, err := newTemplate("message, parameter "+name, whole)
		if err != nil {
			return nil, err
		}
		t.values = append(t.values, valueTemplate{name, v})
	}
	if used < len(actions) {
		return nil, misplaced(text)
	}
	return t, nil
}

func misplaced(text string) error {
	return toolkit.WithHint(toolkit.Errorf(toolkit.Usage, "message %q: a template stands where no value is", toolkit.Escape(text)), "write COMMAND NAME={{.Path}};NAME=VALUE")
}

// complainsOfMark says whether a message is none because of a mark in it.
func complainsOfMark(marked string, err error) bool {
	if syntax, ok := errors.AsType[*message.SyntaxError](err); ok && syntax.Offset < len(marked) && strings.HasPrefix(marked[syntax.Offset:], actionBegin) {
		return true
	}
	return strings.Contains(headOf(marked), actionBegin)
}

// headOf is what is before the parameters.
func headOf(text string) string {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "<") {
		if i := strings.IndexByte(text, ' '); i >= 0 {
			rest, _, _ := strings.Cut(text[i+1:], " ")
			return text[:i+1] + rest
		}
	}
	head, _, _ := strings.Cut(text, " ")
	return head
}

// render makes the message for an event.
func (t *messageTemplate) render(e *event) (*message.Message, error) {
	m := t.fixed.Clone()
	for _, v := range t.values {
		text, err := render(v.text, e)
		if err != nil {
			return nil, err
		}
		m.Set(v.name, text)
	}
	return m, nil
}

// cutActions puts a mark in the place of each {{action}}: quotes and semicolons in one must not count for the message.
func cutActions(text string) (marked string, actions []string, err error) {
	if strings.Contains(text, actionBegin) {
		return "", nil, errors.New("the character U+E000 is kept for the program")
	}
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(text, "{{")
		b.WriteString(before)
		if !ok {
			return b.String(), actions, nil
		}
		end := actionLength(rest)
		if end < 0 {
			return "", nil, errors.New("{{ without }}")
		}
		b.WriteString(actionBegin + strconv.Itoa(len(actions)) + actionEnd)
		actions = append(actions, "{{"+rest[:end]+"}}")
		text = rest[end+2:]
	}
}

// actionLength finds the }} that ends an action; those in strings do not.
func actionLength(s string) int {
	quote := byte(0)
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quote != 0 && c == '\\' && quote != '`':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '`' || c == '\'':
			quote = c
		case strings.HasPrefix(s[i:], "}}"):
			return i
		}
	}
	return -1
}

// putActions puts the actions back where their marks are, and says how many there were.
func putActions(value string, actions []string) (whole string, n int) {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(value, actionBegin)
		b.WriteString(before)
		if !ok {
			return b.String(), n
		}
		number, after, _ := strings.Cut(rest, actionEnd)
		i, err := strconv.Atoi(number)
		if err != nil || i < 0 || i >= len(actions) {
			return value, 0 // cannot be: no other text has the mark
		}
		b.WriteString(actions[i])
		n++
		value = after
	}
}
