// Package proc finds processes, signals them without ever hitting the wrong one, and waits for their end.
//
// # Use
//
//	var sys proc.System
//	h, err := sys.Open(4711)      // or sys.OpenSame(p) for a Process found earlier
//	if errors.Is(err, proc.ErrGone) { … }
//	defer h.Close()
//	err = h.Signal(signals.INT)
//	err = h.Wait(ctx)             // nil: it is gone
//
// A Handle holds a pidfd, which is opened before anything is read about the process and which means that process until it is
// closed, whatever becomes of the number. What is read from /proc is checked against it afterwards.
//
// A zombie is gone: nothing can be done to it and nothing is left to wait for. A program whose first thread ended while
// others run looks like a zombie in /proc and is none; the pidfd knows the difference.
//
// TCPListener, UDPSocket and UnixListener find out who holds an address. LookUpIdentity and Become are for daemons that begin
// as root and go on as somebody else. Unread asks how much a process has not read of what it was sent.
//
// # Threads
//
// System is a value without state. A Handle may be signalled from any goroutine while one waits; two that Wait take turns.
// Wait blocks no thread.
//
// # Errors
//
// ErrGone, ErrPermission, ErrUnsupported and ErrOtherNamespace are found with errors.Is. *AmbiguousError lists processes of one name,
// *NotFoundError says what was looked for, *UnitError that systemd has no such unit, ErrNoSystemd that there is no systemd.
//
// # Limits
//
// Linux 5.10 or later. Processes that /proc hides from the caller (hidepid) are not found by name.
package proc
