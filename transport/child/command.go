package child

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"

	"github.com/ed-toolbox/ed/core/address"
)

// Command is one program to run. No shell sees any of it.
type Command struct {
	Path string   // looked for in PATH unless it has a slash
	Args []string // after the name
	Name string   // what the program sees as its own name; default Path
	Dir  string   // where it runs; default here. A relative Path with a slash is relative to it.

	Env []string // its whole environment, "NAME=VALUE"; nil: ours
	Set []string // on top of Env: "NAME=VALUE" sets, "NAME" takes away
}

// String is the command as a shell would take it.
func (c Command) String() string { return address.JoinWords(append([]string{c.Path}, c.Args...)...) }

// StartError says why a command could not be started. Err is fs.ErrNotExist, fs.ErrPermission or what the system said.
type StartError struct {
	Command string // its Path
	Reason  string
	Err     error
}

func (e *StartError) Error() string { return strconv.Quote(e.Command) + ": " + e.Reason }

func (e *StartError) Unwrap() error { return e.Err }

// find looks the program up.
func (c Command) find() (string, error) {
	if c.Dir != "" {
		if info, err := os.Stat(c.Dir); err != nil {
			return "", c.refuse("folder "+strconv.Quote(c.Dir)+": "+cause(err).Error(), err)
		} else if !info.IsDir() {
			return "", c.refuse(strconv.Quote(c.Dir)+" is no folder", syscall.ENOTDIR)
		}
	}
	if strings.Contains(c.Path, "/") {
		return c.Path, nil // the system tells
	}
	path, err := exec.LookPath(c.Path)
	switch {
	case err == nil:
		return path, nil
	case c.Path == "":
		return "", c.refuse("there is no command", err)
	case errors.Is(err, exec.ErrDot):
		return "", c.refuse("found in the current folder only: write ./"+c.Path, err)
	}
	return "", c.refuse("not found in PATH", fs.ErrNotExist)
}

// start runs the program with these descriptors as 0, 1 and 2.
func (c Command) start(files [3]*os.File, sys *syscall.SysProcAttr) (pid int, err error) {
	path, err := c.find()
	if err != nil {
		return 0, err
	}
	argv := append([]string{cmp.Or(c.Name, c.Path)}, c.Args...)
	p, err := os.StartProcess(path, argv, &os.ProcAttr{Dir: c.Dir, Env: c.environ(), Files: files[:], Sys: sys})
	if err != nil {
		return 0, c.explain(path, err)
	}
	pid = p.Pid
	_ = p.Release() // package os need not know how it ends: core/watch does
	return pid, nil
}

// explain puts into words what execve(2) said with one number for many things.
func (c Command) explain(path string, err error) error {
	in := path
	if c.Dir != "" && !strings.HasPrefix(in, "/") {
		in = c.Dir + "/" + in
	}
	info, missing := os.Stat(in)
	switch {
	case errors.Is(err, syscall.ENOENT) && missing != nil:
		return c.refuse("no such file", err)
	case errors.Is(err, syscall.ENOENT):
		return c.refuse("the interpreter that it names is missing", err)
	case errors.Is(err, syscall.EACCES) && missing == nil && info.IsDir():
		return c.refuse("it is a folder", err)
	case errors.Is(err, syscall.EACCES):
		return c.refuse("not executable", err)
	case errors.Is(err, syscall.ENOEXEC):
		return c.refuse("neither a program for this system nor a script with #!", err)
	case errors.Is(err, syscall.E2BIG):
		return c.refuse("arguments and environment are too long", err)
	case errors.Is(err, syscall.EINVAL):
		return c.refuse("a name, an argument or the environment holds a NUL byte", err)
	}
	return c.refuse(cause(err).Error(), err)
}

func (c Command) refuse(reason string, err error) error {
	return &StartError{Command: c.Path, Reason: reason, Err: cause(err)}
}

// cause leaves away the call and the path that package os puts before it.
func cause(err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err
	}
	return err
}

// environ is Env, or ours, with Set on top.
func (c Command) environ() []string {
	env := c.Env
	if env == nil {
		env = os.Environ()
	}
	if len(c.Set) == 0 {
		return append([]string{}, env...) // nil would mean ours to package os
	}
	given := make(map[string]bool, len(c.Set))
	for _, v := range c.Set {
		name, _, _ := strings.Cut(v, "=")
		given[name] = true
	}
	out := make([]string, 0, len(env)+len(c.Set))
	for _, v := range env {
		if name, _, _ := strings.Cut(v, "="); !given[name] {
			out = append(out, v)
		}
	}
	last := make(map[string]int, len(c.Set))
	for i, v := range c.Set {
		name, _, _ := strings.Cut(v, "=")
		last[name] = i
	}
	for i, v := range c.Set {
		if name, _, sets := strings.Cut(v, "="); sets && last[name] == i {
			out = append(out, v)
		}
	}
	return out
}
