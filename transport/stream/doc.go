// Package stream is the one engine that reads and writes every stream
// descriptor: TCP, Unix sockets, pipes. Media make descriptors; what happens
// to them from then on is here, once.
//
// # Use
//
// A medium calls [Listen] with a listening descriptor, [Dial] with the recipes
// of connecting ones, or [New] with one that is ready, or [NewPair] with two:
// one to read and one to write (pair.go). They must be
// non-blocking and close-on-exec, and belong to the engine from then on.
//
// # How it works
//
//   - Reading goes into the loop's one shared buffer, so an idle connection
//     holds no memory but its record (conn.go, read.go). Where several can be
//     read in a turn, what has come for up to 64 of them is taken first, by one
//     system call after the other (fetch.go, calls.go).
//   - What callbacks wrote is sent at the end of the turn: one system call for
//     any number of writes (write.go), and connection after connection, so that
//     a peer on this machine is woken once for all (unsent.go).
//     Queues come from a pool per loop and go back when empty (pool.go).
//   - Ending: [Conn.Close] sends the queue first, and a descriptor with unread
//     input lingers for up to a second, because closing it would reset the
//     connection under the reply (close.go).
//   - System calls on descriptors are raw: they are non-blocking, and the
//     scheduler need not know (raw.go). Nothing here may ever block in one.
//   - Descriptors of packets (SOCK_SEQPACKET) keep their boundaries (packets.go);
//     a listener gets by without descriptors to accept with (starve.go).
//
// # Threads
//
// Everything belongs to the loop's goroutine.
//
// # Errors
//
// *transport.OpError with Op "read", "write", "connect", "listen", "watch"
// (epoll refused) or "handle" (a handler panicked).
//
// # Limits
//
// Queues by Options.HighMark; reading by Options.ReadBudget a turn; the pool
// keeps at most 1 MiB of each of the two smallest buffer sizes, and 4 MiB of each
// of the others.
package stream
