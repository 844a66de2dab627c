package toolkit

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Kind says what sort of failure an error is. cmd/ed turns it into an exit code; nothing else does.
type Kind uint8

// The kinds of failure. The zero value is what nobody classified.
const (
	Other       Kind = iota // any failure without a kind of its own
	Usage                   // the command line is wrong
	Data                    // a message or an input file is malformed
	NoInput                 // an input file is missing
	NoHost                  // a host name is unknown
	Unavailable             // refused, unreachable, or no such service
	Internal                // a bug of ours
	CantCreate              // an output file cannot be made
	IO                      // reading or writing failed
	Temporary               // try again later
	Protocol                // the peer broke the protocol
	Permission              // the system does not allow it
	Config                  // a configuration file or variable is wrong
	Threshold               // a measured value crossed the limit that was asked for
	Timeout                 // the time given ran out
	NotRunning              // the process to act on does not run
	NoSuch                  // there is no such unit or process
	Interrupt               // a signal ended the program; see Interrupted
	kindCount
)

// Kinds lists every kind in the order of the constants.
func Kinds() []Kind {
	all := make([]Kind, kindCount)
	for i := range all {
		all[i] = Kind(i)
	}
	return all
}

// Error is an error with a kind, and for the operator a hint on what to do about it.
type Error struct {
	Kind Kind
	Err  error  // what went wrong; nil: the tool has said it already, and only the exit code is left
	Hint string // one line without full stop, printed after the error; "" for none
}

func (e *Error) Error() string {
	if e.Err == nil {
		return "failed"
	}
	return e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an error of kind k; %w wraps as in fmt.Errorf.
func Errorf(k Kind, format string, args ...any) error {
	return &Error{Kind: k, Err: fmt.Errorf(format, args...)}
}

// As gives err the kind k, whatever kind it had. A nil err stays nil.
func As(k Kind, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Kind: k, Err: err, Hint: HintOf(err)}
}

// WithHint adds a hint to err and keeps its kind. A nil err stays nil.
func WithHint(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return &Error{Kind: KindOf(err), Err: err, Hint: fmt.Sprintf(format, args...)}
}

// Silent is an error that is not printed: the tool has said all there is to say, k only sets the exit code.
func Silent(k Kind) error { return &Error{Kind: k} }

// IsSilent reports whether err must not be printed.
func IsSilent(err error) bool {
	e, own := errors.AsType[*Error](err)
	_, exited := errors.AsType[*Exited](err)
	return own && e.Err == nil || exited
}

// Exited has the program end with the exit code of another one that it ran. It is not printed.
type Exited struct {
	Code int // 1 to 255; 128 and the number of the signal for a death by signal, as shells have it
}

func (e *Exited) Error() string { return fmt.Sprintf("a command ended with exit status %d", e.Code) }

// HintOf returns the outermost hint in err's chain, one that its cause asks for, or "".
func HintOf(err error) string {
	for err != nil {
		e, ok := errors.AsType[*Error](err)
		if !ok {
			return cmp.Or(hintOfTrust(err), hintOfPath(err), hintOfBind(err))
		}
		if e.Hint != "" {
			return e.Hint
		}
		err = e.Err
	}
	return ""
}

// Cause is what lies at the bottom of err, without the operations and addresses on the way there: "connection refused".
func Cause(err error) string {
	for next := errors.Unwrap(err); next != nil; next = errors.Unwrap(err) {
		err = next
	}
	return err.Error()
}

// Why is Cause, with what can be done about a peer that is not trusted: for those that go on.
func Why(err error) string {
	return hinted(Cause(err), hintOfTrust(err))
}

// Told is err with its hint, for those that tell of it in a line of their own.
func Told(err error) string { return hinted(err.Error(), HintOf(err)) }

func hinted(text, hint string) string {
	if hint == "" {
		return text
	}
	return text + "; " + hint
}

// Interrupted is the cause of a context that a signal ended. A tool that gives up because of it returns
// context.Cause(ctx), and the program then dies by that signal as if it had not been caught; a tool for which the
// signal is a normal end (a listener, after its summary) does the same, so that shells see 130 or 143.
type Interrupted struct{ Signal os.Signal }

func (e *Interrupted) Error() string { return "interrupted by " + e.Signal.String() }

// OutputError is a failed write to one of our own standard streams. The main program keeps quiet about it when the reader of
// a pipe has gone away.
type OutputError struct {
	Stream string // "standard output" or "standard error"
	Err    error
}

func (e *OutputError) Error() string {
	err := e.Err
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		err = path.Err // the rest says again what the stream's name says
	}
	return "write " + e.Stream + ": " + err.Error()
}

// Unwrap returns the cause.
func (e *OutputError) Unwrap() error { return e.Err }
