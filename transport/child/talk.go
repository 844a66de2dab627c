package child

import (
	"cmp"
	"errors"
	"os"
	"syscall"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/core/watch"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/pipe"
)

// TalkOptions of Talk. The zero value is useful.
type TalkOptions struct {
	transport.Options
	Remote address.Address // what to call the child; default exec: and its command line

	// Errors gets what the child writes to its standard error, on the loop's goroutine; p is borrowed. Nil: its standard
	// error is ours.
	Errors      func(p []byte)
	Grace       time.Duration  // from the end of the connection to TERM, and from there to KILL; default 2 s, negative: KILL at once
	DeathSignal syscall.Signal // see Options
}

// Dial runs the command line of an exec: address, see address.SplitWords, and talks to it over its standard input and output.
func Dial(l *reactor.Loop, a address.Address, o transport.Options, h transport.Handler) (transport.Conn, error) {
	if a.Scheme != address.Exec {
		return nil, &transport.OpError{Op: "start", Addr: a, Err: transport.ErrUnsupported}
	}
	words, err := address.SplitWords(a.Path)
	if err != nil {
		return nil, &transport.OpError{Op: "start", Addr: a, Err: err}
	}
	return Talk(l, Command{Path: words[0], Args: words[1:]}, TalkOptions{Options: o, Remote: a}, h), nil
}

// Talk runs a command and makes its standard input and output a connection. That it cannot be started is told by
// OnClose. The child has a process group of its own, and so no terminal to read from.
//
// The connection ends when the child has: OnClose comes after its exit, and with an *ExitError if it was the child that
// ended first and not with exit(0). Close sends what is queued and then the end of stream, on which most programs end; one
// that does not gets TERM and then KILL. Abort sends TERM at once, and OnClose does not wait.
func Talk(l *reactor.Loop, cmd Command, o TalkOptions, h transport.Handler) transport.Conn {
	if o.Remote.IsZero() {
		o.Remote = address.Address{Scheme: address.Exec, Path: cmd.String()}
	}
	t := &talk{h: h, loop: l, remote: o.Remote, command: cmd.Path}
	t.group = &group{loop: l, grace: cmp.Or(o.Grace, DefaultGrace), ended: t.exited}
	p := &plumbing{}
	err := t.start(p, cmd, o)
	p.close(err)
	if err != nil {
		return pipe.Failed(l, pipe.Options{Options: o.Options, Remote: o.Remote}, h, "start", err)
	}
	return t
}

// talk is the connection. It wraps that of the two pipes, because the end of that is not yet the end of the child.
type talk struct {
	transport.Conn // the pipes
	h              transport.Handler
	loop           *reactor.Loop
	group          *group
	remote         address.Address
	command        string
	timer          reactor.Timer
	complaints     transport.Conn // its standard error; nil: it is ours, or has ended
	drain          reactor.Timer
	opened         bool
	hungUp         bool // Close was called while the child still talked
	silent         bool // the child closed its output
	aborted        bool // OnClose does not wait for the exit
	closed         bool // the pipes are
	done           bool // the child has ended
	told           bool
	err            error // of the pipes
}

func (t *talk) start(p *plumbing, cmd Command, o TalkOptions) error {
	in, inFD, err := p.toChild()
	if err != nil {
		return err
	}
	out, outFD, err := p.fromChild("stdout")
	if err != nil {
		return err
	}
	errFD := -1
	errs := func(int) (f *os.File, err error) {
		if o.Errors == nil {
			return os.Stderr, nil
		}
		f, errFD, err = p.fromChild("stderr")
		return f, err
	}
	if err := p.start(t.group, []Command{cmd}, in, out, errs, o.DeathSignal); err != nil {
		return err
	}
	t.Conn, err = pipe.New(t.loop, outFD, inFD, pipe.Options{Options: o.Options, Remote: o.Remote, HearOut: true}, (*tap)(t))
	if err == nil {
		p.ours = p.ours[2:]
		if errFD >= 0 {
			t.complaints, err = pipe.New(t.loop, errFD, -1, pipe.Options{Options: transport.Options{Name: "stderr"}}, &complaints{t, o.Errors})
		}
	}
	if err != nil {
		t.group.abandon()
		if t.Conn != nil {
			t.told = true
			t.Conn.Abort(nil)
		}
	}
	return err
}

// SetHandler implements transport.Conn.
func (t *talk) SetHandler(h transport.Handler) { t.h = h }

// Close implements transport.Conn.
func (t *talk) Close() error {
	switch {
	case t.hungUp || t.closed:
	case !t.opened:
		t.Abort(&transport.OpError{Op: "start", Addr: t.remote, Err: transport.ErrClosed})
	default:
		t.hungUp = !t.silent
		return t.Conn.Close()
	}
	return nil
}

// Unacked implements transport.Acknowledger: nobody tells what the child has read, but what its pipe did not take it did not.
func (t *talk) Unacked() (bytes int, known bool) { return 0, false }

// Discarded implements transport.Discarder.
func (t *talk) Discarded() (bytes, lines int) {
	if d, ok := t.Conn.(transport.Discarder); ok {
		return d.Discarded()
	}
	return 0, 0
}

// Abort implements transport.Conn.
func (t *talk) Abort(err error) {
	if t.told {
		return
	}
	t.aborted = true
	t.timer.Cancel()
	if t.closed { // the pipes are, and the child is waited for
		t.err = err
		t.loop.Later(t)
	}
	t.Conn.Abort(err)
	t.group.terminate()
}

// OnTurnEnd implements reactor.Ender: OnClose never comes from inside Abort.
func (t *talk) OnTurnEnd() { t.tell() }

// exited is called when the child has ended.
func (t *talk) exited() {
	t.done = true
	switch {
	case t.closed:
		t.tell()
	case t.silent:
		_ = t.Conn.Close() // a handler that goes on after the end of stream has nobody to write to
	}
}

// tell ends the connection for the handler.
func (t *talk) tell() {
	var exit watch.Exit
	if t.done {
		t.timer.Cancel()
		exit = t.group.reap()[0]
		t.hearOut()
	}
	if t.told {
		return
	}
	t.told = true
	if t.done && !t.aborted && !t.hungUp && !t.group.ending && !exit.Success() && (t.err == nil || errors.Is(t.err, syscall.EPIPE)) {
		t.err = &transport.OpError{Op: "run", Addr: t.remote, Err: &ExitError{t.command, exit}}
	}
	t.h.OnClose(t, t.err)
}

// hearOut reads on what the child has complained of, for a while: what it left behind may hold its standard error.
func (t *talk) hearOut() {
	if c := t.complaints; c != nil {
		t.drain = t.loop.After(DefaultDrain, "drain", func() { c.Abort(nil) })
	}
}

// tap is the handler of the pipes.
type tap talk

func (t *tap) OnOpen(transport.Conn) {
	t.opened = true
	t.h.OnOpen((*talk)(t))
}

func (t *tap) OnData(_ transport.Conn, p []byte) { t.h.OnData((*talk)(t), p) }

func (t *tap) OnDrain(transport.Conn) { t.h.OnDrain((*talk)(t)) }

// OnEOF implements transport.EOFHandler.
func (t *tap) OnEOF(c transport.Conn) {
	t.silent = true
	if e, ok := t.h.(transport.EOFHandler); ok {
		if e.OnEOF((*talk)(t)); !t.done {
			return
		}
	}
	_ = c.Close()
}

func (t *tap) OnClose(_ transport.Conn, err error) {
	t.closed = true
	t.err = err
	switch {
	case t.done || t.aborted:
		(*talk)(t).tell()
	default:
		// It has lost its input and output. Most end by that.
		t.timer = t.loop.After(max(t.group.grace, 0), "end of child", t.group.terminate)
	}
}

// complaints is the handler of a child's standard error.
type complaints struct {
	t *talk
	f func(p []byte)
}

func (*complaints) OnOpen(transport.Conn)               {}
func (c *complaints) OnData(_ transport.Conn, p []byte) { c.f(p) }
func (*complaints) OnDrain(transport.Conn)              {}

func (c *complaints) OnClose(transport.Conn, error) {
	c.t.complaints = nil
	c.t.drain.Cancel()
}
