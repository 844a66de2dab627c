package signal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/transport/link"
)

// refusalTime is how long the refusal of a datagram by another host is waited for.
const refusalTime = 100 * time.Millisecond

// flusher is what a session of the real network can tell of what was sent.
type flusher interface {
	// Flush waits until the kernel has taken all that was sent.
	Flush(ctx context.Context) error
	// Written is how many messages the kernel has taken whole.
	Written() uint64
}

// breaker is a session that can be ended at once, also while another goroutine waits in Send.
type breaker interface{ Abort(err error) }

// dial opens the session within the time-out and says in the error what was tried.
func dial(ctx context.Context, env *toolkit.Env, a address.Address, c toolkit.Common, limits sizes, by toolkit.Group) (toolkit.Session, error) {
	o := c.DialOptions()
	o.MaxPacket, o.MaxLine, o.Group = limits.packet, limits.line, by
	return env.Dial(ctx, a, o)
}

// nobodyThere says that an error means that nothing listens at the address: it was refused, or the socket's file does not exist.
func nobodyThere(err error) bool {
	var op interface{ Refused() bool }
	return errors.As(err, &op) && op.Refused()
}

// refusal puts into plain words that nobodyThere. The cause stays in it, with its kind.
type refusal struct {
	target address.Address
	err    error
}

// Error leaves away the calls and addresses in between.
func (e *refusal) Error() string {
	return "nothing listens at " + e.target.String() + ": " + toolkit.Cause(e.err)
}

func (e *refusal) Unwrap() error { return e.err }

// explain makes a refusal of an error that is one.
func explain(err error, a address.Address) error {
	if !nobodyThere(err) {
		return err
	}
	return &refusal{a, err}
}

// letEnd gives a command whose input we end the time to do what it has to: the end of the session would end it.
func letEnd(ctx context.Context, s toolkit.Session, a address.Address, timeout time.Duration) error {
	if err := s.CloseWrite(); err != nil {
		return nil // it has ended: Close tells how
	}
	ctx, cancel := within(ctx, timeout, "%s did not end within %s", a, timeout)
	defer cancel()
	for {
		switch _, err := s.Next(ctx); {
		case err == nil:
		case toolkit.KindOf(err) == toolkit.Timeout:
			if b, ok := s.(breaker); ok {
				b.Abort(err) // it has had its time: what else would Close wait for
			}
			return err
		default:
			return nil
		}
	}
}

// exited words how a command ended, out of the error of a session with it, where err is nil or came of that end.
func exited(err, closing error) error {
	if err == nil || errors.Is(closing, err) {
		return closing
	}
	how := errors.Unwrap(closing)
	switch {
	case how == nil:
		how = closing
	case errors.Is(err, how):
		return err // it says so itself
	}
	return fmt.Errorf("%w (%w)", err, how)
}

// settle waits for a refusal of the datagrams sent so far. That of this host is there when the call that sends returns.
func settle(s toolkit.Session, a address.Address) error {
	if onLoopback(a) {
		return s.Settle(0)
	}
	return s.Settle(refusalTime)
}

// next is s.Next, which has what arrived already whatever became of ctx: a peer that never stops talking must not outlast it.
func next(ctx context.Context, s toolkit.Session) (link.Received, error) {
	if ctx.Err() != nil {
		return link.Received{}, context.Cause(ctx)
	}
	return s.Next(ctx)
}

// lateFor is how long answers are taken after the time for them was over.
const lateFor = 50 * time.Millisecond

// answers takes what comes back. All that is there when the time is over counts, as where this process was stopped meanwhile.
type answers struct {
	session toolkit.Session
	end     time.Time // of the lateFor; zero before ctx has ended
}

// next is like the function, but for what it takes after a time-out.
func (a *answers) next(ctx context.Context) (link.Received, error) {
	cause := context.Cause(ctx)
	if cause == nil || toolkit.KindOf(cause) != toolkit.Timeout {
		return next(ctx, a.session)
	}
	if a.end.IsZero() {
		a.end = time.Now().Add(lateFor)
	}
	late, cancel := context.WithDeadlineCause(context.WithoutCancel(ctx), a.end, cause)
	defer cancel()
	return next(late, a.session)
}

// within bounds a wait; the cause of the context is then an error of kind Timeout with these words.
func within(ctx context.Context, d time.Duration, format string, args ...any) (context.Context, context.CancelFunc) {
	if d <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, d, toolkit.Errorf(toolkit.Timeout, format, args...))
}

// secretParameter carries the secret in datagrams.
const secretParameter = "secret_code"
