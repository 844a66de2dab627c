package signal

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"
	"text/template"
	"time"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// templateData is what {{.Name}} can name in --template. The manual page lists it.
type templateData struct {
	N    int    // number of the message, from 1
	Host string // what this machine calls itself in messages

	now time.Time
}

// Now is the time with nanoseconds, as RFC 3339 has it.
func (d templateData) Now() string { return d.now.UTC().Format(time.RFC3339Nano) }

// UnixNano is the time in nanoseconds since 1970.
func (d templateData) UnixNano() int64 { return d.now.UnixNano() }

// Random is eight random bytes in hexadecimal.
func (d templateData) Random() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return hex.EncodeToString(b[:])
}

// templateSource makes messages from a template.
type templateSource struct {
	env  *toolkit.Env
	host string
	t    *template.Template
	n    int
	line strings.Builder
}

// newTemplate reads the text of --template and tries it once, so that a wrong one is a wrong command line.
func newTemplate(env *toolkit.Env, text string) (*templateSource, error) {
	t, err := template.New("--template").Option("missingkey=error").Parse(text)
	if err != nil {
		return nil, toolkit.Errorf(toolkit.Usage, "option --template: %w", err)
	}
	s := &templateSource{env: env, host: env.ServerName(), t: t}
	if err := s.render(1); err != nil {
		return nil, toolkit.Errorf(toolkit.Usage, "option --template: %w", err)
	}
	return s, nil
}

func (s *templateSource) render(n int) error {
	s.line.Reset()
	return s.t.Execute(&s.line, templateData{N: n, Host: s.host, now: s.env.Now()})
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
