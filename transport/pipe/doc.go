// Package pipe makes connections of descriptors that go one way: pipes,
// FIFOs, standard input and output; and of socket pairs.
//
// # Use
//
//	c, err := pipe.New(loop, in, out, pipe.Options{}, handler)    // two descriptors, or one
//	c, err := pipe.Stdio(loop, transport.Options{}, handler)      // standard input and output
//	near, far, err := pipe.Socketpair()                           // for a child: New(loop, near, near, …)
//	l, err := pipe.Listen(loop, addr, transport.Options{}, accept) // read a FIFO
//	c, err := pipe.Dial(loop, addr, transport.Options{}, handler)  // write to one
//
// The half-close of a pair of pipes closes the one that is written to. A
// connection of one descriptor that goes one way can be half of a Conn only: one that
// is read refuses every Write with transport.ErrClosed, one that is written to
// never calls OnData.
//
// # FIFOs
//
// Listen makes the FIFO if there is none, with Options.Mode, Owner and Group,
// and Close removes it if Listen made it. One that was there is used as it is.
// The listener stays whoever comes and goes: all writers from the first byte to
// the end of the last one are one connection, the next are another. So a last line
// without end is known to be the last, and a connection that a handler closes
// costs no other. Writers at the same time share a connection: a FIFO does not
// tell them apart. Read gives one connection that never sees an end instead.
//
// Dial never waits for a reader: *NoReaderError says that there is none, unless
// Options.WaitReader asks to wait for one until ConnectTimeout. When the reader goes, the
// connection ends: with nil if it had read everything, else with EPIPE. Lines
// of up to 4,096 bytes (PIPE_BUF) of several writers do not mix; longer ones can.
//
// # Standard input and output
//
// Their open files may be shared with other programs (the shell, the terminal),
// where O_NONBLOCK would harm: so Stdio opens pipes and terminals anew for
// itself. Where it cannot (a pipe of another user), it sets the flag and takes
// it back at the end; a program that is killed cannot. Regular files are always ready.
// Descriptors 0 and 1 become /dev/null: a stray print does not get between the
// messages, and the end of the connection is one for the peer.
//
// # Errors
//
// *transport.OpError around *NotFIFOError, *NoReaderError, *InUseError or what the
// system said. Writing to a pipe that nobody reads is EPIPE and never
// the end of the process, on descriptor 1 neither: only os.File.Write has
// Go's special case for it.
//
// # Limits
//
// One listener per FIFO: it is locked (flock(2)) against others of this package. New
// sets O_NONBLOCK, which everyone who has the same open file sees.
package pipe
