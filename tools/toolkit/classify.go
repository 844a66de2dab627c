package toolkit

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/config"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/tlsconn"
)

// KindOf says what kind err is of: the outermost *Error decides, else the type of the cause. nil has no kind; it is Other.
func KindOf(err error) Kind {
	if own, ok := errors.AsType[*Error](err); ok {
		return own.Kind
	}
	var interrupted *Interrupted
	var output *OutputError
	switch {
	case err == nil:
		return Other
	case errors.As(err, &interrupted):
		return Interrupt
	case errors.As(err, &output):
		return IO
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, transport.ErrTimeout):
		return Timeout
	case errors.Is(err, transport.ErrUnsupported), errors.Is(err, transport.ErrNoRemote):
		return Usage // the address is of a kind that cannot do what was asked
	case errors.Is(err, transport.ErrFull):
		return Temporary
	case errors.Is(err, transport.ErrTooBig):
		return Data
	}
	if k, ok := kindOfNetwork(err); ok {
		return k
	}
	if k, ok := kindOfText(err); ok {
		return k
	}
	return kindOfFile(err)
}

// kindOfNetwork: whatever keeps us from a peer is "unavailable" unless more is known. A Unix socket that is not there
// says "no such file", which of a socket means that nobody listens.
func kindOfNetwork(err error) (Kind, bool) {
	var op *transport.OpError
	switch {
	case errors.As(err, &op):
	case errors.Is(err, transport.ErrClosed), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return Unavailable, true
	default:
		return Other, false
	}
	switch {
	case op.Op == "look up":
		return NoHost, true
	case errors.Is(err, tlsconn.ErrNotTLS):
		return Protocol, true
	case errors.Is(err, fs.ErrPermission):
		return Permission, true
	}
	return Unavailable, true
}

// kindOfText: what could not be read as a message is data; what could not be read as an address came from the command line.
func kindOfText(err error) (Kind, bool) {
	var syntax *message.SyntaxError
	var name *message.NameError
	var param *message.ParamError
	var addr *address.ParseError
	switch {
	case errors.Is(err, message.ErrTooLong), errors.Is(err, message.ErrNotUTF8), errors.Is(err, message.ErrEmpty):
		return Data, true
	case errors.As(err, &syntax), errors.As(err, &name), errors.As(err, &param):
		return Data, true
	case errors.As(err, &addr):
		return Usage, true
	}
	return Other, false
}

// kindOfFile: a tool that fails to create a file says CantCreate itself (see As); here a missing file is missing input.
func kindOfFile(err error) Kind {
	var path *fs.PathError
	var file *config.FileError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return NoInput
	case errors.Is(err, fs.ErrPermission):
		return Permission
	case errors.Is(err, fs.ErrExist):
		return CantCreate
	case errors.As(err, &file) && file.Line == 0:
		return NoInput
	case errors.As(err, &path):
		return IO
	}
	return Other
}
