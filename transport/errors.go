package transport

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"github.com/ed-toolbox/ed/core/address"
)

// What callers branch on; all but ErrFull, ErrClosed and ErrTooBig come inside
// an *OpError.
var (
	ErrClosed      = errors.New("connection closed")
	ErrFull        = errors.New("write queue full")
	ErrTooBig      = errors.New("larger than the limit")
	ErrTimeout     = error(timeoutError{})
	ErrUnsupported = errors.New("not supported")
	ErrNoRemote    = errors.New("no destination given")
)

// timeoutError makes ErrTimeout match os.ErrDeadlineExceeded and the Timeout
// method that net errors have.
type timeoutError struct{}

func (timeoutError) Error() string        { return "timed out" }
func (timeoutError) Timeout() bool        { return true }
func (timeoutError) Is(target error) bool { return target == os.ErrDeadlineExceeded }

// OpError says which operation failed on which address. Err unwraps to a
// syscall.Errno where the system refused.
type OpError struct {
	// Op is "look up", "connect", "handshake", "listen", "bind", "join", "adopt", "open", "read", "write", "send", "receive" or "close"; "start" and
	// "run" of a command, "handle" where a handler panicked, "watch" where the loop did not take a descriptor; of links "hello", "idle",
	// "heartbeat" and "close".
	Op   string
	Addr address.Address
	Err  error
}

func (e *OpError) Error() string {
	if e.Addr.IsZero() {
		return e.Op + ": " + e.Reason()
	}
	return e.Op + " " + e.Addr.String() + ": " + e.Reason()
}

// Reason is Err for people who know the operation and the address: without the name of the system call, where that
// says once more what the operation says.
func (e *OpError) Reason() string {
	call, ok := e.Err.(*os.SyscallError)
	if !ok {
		return e.Err.Error()
	}
	if e.Op == "connect" && call.Syscall == "getsockopt" {
		return call.Err.Error() // which asked how connecting went
	}
	switch call.Syscall {
	case "connect", "bind", "accept4", "read", "readv", "recv", "recvfrom", "recvmsg", "recvmmsg",
		"write", "writev", "send", "sendto", "sendmsg", "sendmmsg":
		return call.Err.Error()
	}
	return e.Err.Error()
}

func (e *OpError) Unwrap() error { return e.Err }

// Timeout reports whether a deadline passed.
func (e *OpError) Timeout() bool { return errors.Is(e.Err, os.ErrDeadlineExceeded) }

// Refused reports whether the other side said that nobody listens there: a
// refusal, or a Unix socket whose file does not exist.
func (e *OpError) Refused() bool {
	switch e.Op {
	case "connect", "write", "send", "receive", "read":
		return errors.Is(e.Err, syscall.ECONNREFUSED) || errors.Is(e.Err, fs.ErrNotExist)
	}
	return false
}

// InUse reports whether an address is taken.
func (e *OpError) InUse() bool { return errors.Is(e.Err, syscall.EADDRINUSE) }

// Foreign reports whether an address to bind is none of this host.
func (e *OpError) Foreign() bool { return errors.Is(e.Err, syscall.EADDRNOTAVAIL) }

// Exhausted reports whether this host, and not the other side, has nothing left for a connection: no port, descriptor or memory.
func (e *OpError) Exhausted() bool {
	for _, one := range []error{syscall.EADDRNOTAVAIL, syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM} {
		if errors.Is(e.Err, one) {
			return e.Op == "connect"
		}
	}
	return false
}
