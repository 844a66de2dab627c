package toolkit

import (
	"context"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/config"
)

// Env is all that a command may touch of the world around it. Tests replace any part; see the toolkittest package.
// One Env serves one run of the program and one goroutine.
type Env struct {
	Stdin  Input
	Stdout *Stream // data
	Stderr *Stream // everything else

	Getenv   func(name string) string // "" for unset
	Environ  func() []string          // all of it, NAME=VALUE; nil where nobody needs to know
	Now      func() time.Time
	HostName func() (string, error)

	// Program is the command as the user called it, "ed signal" or "ed-signal". Messages begin with it.
	Program string
	// Compat is true in the ed-* forms, which take the options of the C++ programs of that name.
	Compat bool
	// Root is put before /etc in the names of configuration files. "" outside of tests.
	Root string

	// Dial opens a session to a peer. It returns when connected (or, for datagrams, when the socket is ready), and
	// fails when ctx ends first.
	Dial func(ctx context.Context, a address.Address, o DialOptions) (Session, error)

	// Claim is called by a command that deals with these signals itself: until it calls what Claim returns, they do not end
	// its context. Nil where signals are nobody's business.
	Claim func(signals ...os.Signal) (unclaim func())

	// OutliveReader is called by a command that has files to remove at its end: from then on a reader of its output who goes
	// is an error of writing, and no signal that ends the process on the spot. Nil where there is no such signal.
	OutliveReader func()

	// OnQuit has f called before a SIGQUIT ends the program with the stacks of all goroutines, until stop is called. Nil where signals
	// are nobody's business.
	OnQuit func(f func()) (stop func())

	// Rest makes the commands that were left out because only one is to run: what they are called and what options they
	// have matters where files hold settings of all. It is called at most once. Nil: none was left out.
	Rest func()

	tools   []*tool
	applied map[string]config.Setting // of the running command: what did not come from its command line
	tls     tlsOptions                // of the running command
}

// NewEnv returns the real one. Program is left for the caller to set.
func NewEnv() *Env {
	e := &Env{
		Stdin:    Input{Reader: os.Stdin, TTY: term.IsTerminal(int(os.Stdin.Fd()))},
		Stdout:   NewStream(os.Stdout, "standard output"),
		Stderr:   NewStream(os.Stderr, "standard error"),
		Getenv:   os.Getenv,
		Environ:  os.Environ,
		Now:      time.Now,
		HostName: os.Hostname,
	}
	e.Dial = e.dial
	return e
}

// ServerName is what this machine calls itself in messages: the host name with '-' as '_' and without dots, since a
// server name in a message's sent-from part knows neither. It is "localhost" where the host has no usable name.
func (e *Env) ServerName() string {
	name, err := e.HostName()
	if err != nil {
		return "localhost"
	}
	name = strings.NewReplacer("-", "_", ".", "").Replace(name)
	for _, r := range name {
		if r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
			return "localhost"
		}
	}
	if name == "" {
		return "localhost"
	}
	return name
}
