package toolkit

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"regexp"
	"strings"
	"text/template"
	"time"
)

// Template makes the text of messages, as --template wants it.
type Template struct {
	env  *Env
	host string
	t    *template.Template
}

// templateFields is what {{.Name}} can name. The manual pages list it.
type templateFields struct {
	N    int    // number of the message, from 1
	Host string // what this machine calls itself in messages

	now time.Time
}

// Now is the time with nanoseconds, as RFC 3339 has it.
func (f templateFields) Now() string { return f.now.UTC().Format(time.RFC3339Nano) }

// UnixNano is the time in nanoseconds since 1970.
func (f templateFields) UnixNano() int64 { return f.now.UnixNano() }

// Random is eight random bytes in hexadecimal.
func (f templateFields) Random() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return hex.EncodeToString(b[:])
}

// NewTemplate reads the text of --template.
func NewTemplate(env *Env, text string) (*Template, error) {
	t, err := template.New("--template").Option("missingkey=error").Parse(text)
	if err != nil {
		return nil, WithHint(Errorf(Usage, "option --template: %w", TemplateReason(err)), templateHint)
	}
	return &Template{env: env, host: env.ServerName(), t: t}, nil
}

// Write writes the text of message number n, counted from 1. When it fails, it may have written a part.
func (t *Template) Write(w io.Writer, n int) error {
	if err := t.t.Execute(w, templateFields{N: n, Host: t.host, now: t.env.Now()}); err != nil {
		return WithHint(TemplateReason(err), templateHint)
	}
	return nil
}

// templateHint says what there is.
const templateHint = "fields are {{.N}} {{.Now}} {{.UnixNano}} {{.Random}} {{.Host}}"

// TemplateReason is an error of text/template without what the package says of lines, in a text that has one, and of Go's types.
func TemplateReason(err error) error {
	place := regexp.MustCompile(`^template: [^:]*:\d+(:\d+)?: (executing ".*?" at <.*?>: )?`)
	kind := regexp.MustCompile(` in type [\w*.]+`)
	if strings.HasSuffix(err.Error(), ": unexpected EOF") {
		return errors.New("an {{end}} is missing")
	}
	return errors.New(kind.ReplaceAllString(place.ReplaceAllString(err.Error(), ""), ""))
}
