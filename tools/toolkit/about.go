package toolkit

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/transport"
)

// About puts before err what was done, "send to tcp://127.0.0.1:4040". Where that names the address already, err says it no more.
// Nil stays nil.
func About(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return &aboutError{fmt.Sprintf(format, args...), err}
}

type aboutError struct {
	what string
	err  error
}

func (e *aboutError) Error() string {
	if e.err == io.EOF {
		return e.what + ": the other side closed the connection"
	}
	text := e.err.Error()
	if op, ok := errors.AsType[*transport.OpError](e.err); ok && !op.Addr.IsZero() && strings.Contains(e.what, op.Addr.String()) {
		if before, ok := strings.CutSuffix(text, op.Error()); ok {
			text = before + op.Reason()
		}
	}
	return e.what + ": " + text
}

func (e *aboutError) Unwrap() error { return e.err }

// hintOfBind says what is wrong with an address to listen on, where the system's words are odd or few.
func hintOfBind(err error) string {
	op, ok := errors.AsType[*transport.OpError](err)
	if !ok || op.Op != "listen" && op.Op != "bind" {
		return ""
	}
	switch a := op.Addr; {
	case op.Foreign():
		return "it is no address of this machine"
	case errors.Is(err, fs.ErrPermission) && a.Path == "" && a.Port > 0 && a.Port < 1024:
		return "ports below 1024 take root, or the capability CAP_NET_BIND_SERVICE"
	case a.Scheme.IsUnix() && errors.Is(err, fs.ErrNotExist) && strings.HasPrefix(a.Path, "/"):
		return "there is no folder " + filepath.Dir(a.Path)
	}
	return ""
}

// hintOfPath says where a relative path of a socket was looked for: a service has another folder than a shell.
func hintOfPath(err error) string {
	op, ok := errors.AsType[*transport.OpError](err)
	if !ok || !errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	a := op.Addr
	if a.Path == "" || a.IsAbstract() || strings.HasPrefix(a.Path, "/") || !a.Scheme.IsUnix() && a.Scheme != address.FIFO {
		return ""
	}
	folder, err := os.Getwd()
	if err != nil {
		return ""
	}
	return "the path is relative to " + folder
}
