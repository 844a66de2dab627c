package signal

import (
	"context"
	"fmt"
	"strings"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// templateSource makes messages from a template.
type templateSource struct {
	t    *toolkit.Template
	n    int
	line strings.Builder
}

// newTemplate reads the text of --template and tries it once, so that a wrong one is a wrong command line.
func newTemplate(env *toolkit.Env, text string) (*templateSource, error) {
	t, err := toolkit.NewTemplate(env, text)
	if err != nil {
		return nil, err
	}
	s := &templateSource{t: t}
	if err := s.render(1); err != nil {
		return nil, toolkit.WithHint(toolkit.Errorf(toolkit.Usage, "option --template: %w", err), "%s", toolkit.HintOf(err))
	}
	return s, nil
}

func (s *templateSource) render(n int) error {
	s.line.Reset()
	return s.t.Write(&s.line, n)
}

// next makes the next message; there is no last one.
func (s *templateSource) next(context.Context) (input, error) {
	s.n++
	if err := s.render(s.n); err != nil {
		return input{bad: s.at(s.n, err), line: s.n}, nil
	}
	m, err := message.Parse([]byte(s.line.String()))
	if err != nil {
		return input{bad: s.at(s.n, err), line: s.n}, nil
	}
	return input{message: m, line: s.n}, nil
}

func (s *templateSource) at(n int, err error) error {
	return toolkit.As(toolkit.Data, fmt.Errorf("message %d of the template: %w", n, err))
}
