package on

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"

	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/transport/child"
)

// program is a command to run for events: a shell's line, or words that no shell sees.
type program struct {
	shell string // for /bin/sh -c; the event is in its environment only
	words []word
}

// word is one word of a command; with a template in it where it has {{.
type word struct {
	text     string
	template *template.Template
}

// String is the command for people.
func (p *program) String() string {
	if p.shell != "" {
		return p.shell
	}
	words := make([]string, len(p.words))
	for i, w := range p.words {
		words[i] = w.text
	}
	return strings.Join(words, " ")
}

// newShell makes a program of the value of --run.
func newShell(line string) (*program, error) {
	if strings.TrimSpace(line) == "" {
		return nil, toolkit.Errorf(toolkit.Usage, "option --run: the command is empty")
	}
	return &program{shell: line}, nil
}

// looksLikeField finds a template of ours in a shell's line, where it has no meaning.
func looksLikeField(line string) bool {
	return regexp.MustCompile(`{{-? *\.(Path|Old|Event|Kind|Paths|PID)\b`).MatchString(line)
}

// newProgram makes a program of the words after "--".
func newProgram(words []string) (*program, error) {
	if words[0] == "" {
		return nil, toolkit.Errorf(toolkit.Usage, "the command after -- is empty")
	}
	if err := find(words[0]); err != nil {
		return nil, err
	}
	p := &program{}
	for i, text := range words {
		w := word{text: text}
		if strings.Contains(text, "{{") && i > 0 {
			if i > 1 && words[i-1] == "-c" && isShell(words[0]) {
				err := toolkit.Errorf(toolkit.Usage, "a template in the line of a shell would let names of files run commands")
				return nil, toolkit.WithHint(err, `take them from the environment: --run 'ls -l "$ED_EVENT_PATH"'`)
			}
			var err error
			if w.template, err = newTemplate("word "+text, text); err != nil {
				return nil, err
			}
		}
		p.words = append(p.words, w)
	}
	return p, nil
}

// find looks for a program before anything happens that it is needed for.
func find(name string) error {
	_, err := exec.LookPath(name)
	switch {
	case err == nil, errors.Is(err, exec.ErrDot):
		return nil // what is in the current folder is told when it is run
	case errors.Is(err, exec.ErrNotFound):
		return toolkit.Errorf(toolkit.NoInput, "command %q is not found in PATH", toolkit.Escape(name))
	}
	if e, ok := errors.AsType[*exec.Error](err); ok {
		err = e.Err
	}
	kind := toolkit.KindOf(err)
	if info, _ := os.Stat(name); info != nil && info.IsDir() {
		kind = toolkit.Permission // as to run it would say
	}
	return toolkit.Errorf(kind, "command %q: %w", toolkit.Escape(name), err)
}

func isShell(path string) bool {
	switch filepath.Base(path) {
	case "sh", "bash", "dash", "ash", "ksh", "mksh", "zsh", "fish":
		return true
	}
	return false
}

// command is what is run for an event.
func (p *program) command(e *event) (child.Command, error) {
	c := child.Command{Set: e.environment()}
	if p.shell != "" {
		c.Path, c.Args = "/bin/sh", []string{"-c", p.shell}
		return c, nil
	}
	c.Path = p.words[0].text
	for _, w := range p.words[1:] {
		text := w.text
		if w.template != nil {
			var err error
			if text, err = render(w.template, e); err != nil {
				return c, err
			}
		}
		c.Args = append(c.Args, text)
	}
	return c, nil
}
