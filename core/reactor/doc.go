// Package reactor is the event loop: descriptors watched by epoll, timers, and functions posted from other goroutines,
// all served by the one goroutine that calls Run. It knows descriptors, not sockets: what is read and
// written is the business of the handlers. The cost of a turn follows the number of ready descriptors, never
// that of watched ones or of pending timers.
//
// # Use
//
//	l, err := reactor.New(reactor.Options{})
//	s, err := l.Add(fd, h, reactor.SourceOptions{Name: "stdin", Kind: "pipe", Interest: reactor.Read})
//	t := l.Every(time.Second, "tick", func(missed int) { … })
//	err = l.Run(ctx)
//	s.Remove() // before the descriptor is closed
//	err = l.Close()
//
// Descriptors should be non-blocking. A handler reads or writes once or a few times and returns; what is still ready is
// reported again in the next turn (readiness is level-triggered). A handler that keeps data of its own to go on with,
// or has used up its share of the turn, calls Source.Again.
//
// # One turn
//
//  1. Posted functions, at most Options.PostsPerTurn.
//  2. Due timers, in the order of their times; only those armed before this turn began. Where the loop was held up (see Time) the sources
//     that are ready come before them, by steps 3 to 5 without a wait.
//  3. The BeforeWait hooks, then the Later queue: here engines write out what the turn has queued.
//  4. The wait, until something is ready or posted or the next timer is due, rounded up. It is a mere look when
//     work is left over: posts beyond the limit, Again, a Later queued by a Later, a ready regular file.
//  5. The AfterWait hooks, then the ready sources in the order of their priority, 0 first. Each is looked at again
//     right before its callback: one that was disabled, or lost the interest, gets none. Where several are ready, those that
//     can (Fetcher) first take in what has arrived, many in a row.
//  6. Nothing is left to release: a source that was removed is gone at once. What still refers to it – handles, events of
//     epoll, the list of step 5 – carries the generation of its slot and no longer matches, also when the
//     descriptor's number and the slot are in use again.
//
// Steps 1 and 2 are left out once Stop was called. Between steps 3 and 4 the loop ends if it has to.
//
// # When a loop is alive
//
// As long as it has an enabled source that is not in the background, a pending timer, a Hold, or work left over. Run returns nil when none of them is
// left, or after Stop; it returns the cause when its context has ended. Nothing else ends it but a
// broken epoll: an interrupted wait (EINTR) and a panic of a callback do not. The panic is recovered, counted and logged
// with its stack; its source, timer or hook is removed, unless the handler is a Panicker.
//
// # Threads
//
// A loop and everything on it belongs to the goroutine inside Run, and to the one that made it before and after. Post
// may be called from anywhere; so may PostWait and OnLoop. With ED_VERIFY=1 in the environment every other call from a wrong goroutine
// panics with both goroutines' numbers. Many loops in one process are normal. There is no package-level state.
//
// Callbacks must not block: everything else on the loop waits for them. Stats names the slowest.
//
// # Time
//
// The time is taken once after each callback, after sixteen posted functions, and after each wait; Now gives that. Between short
// callbacks the processor's counter of cycles tells it, a thousandth behind; else the clock is read. A delay
// given in a callback counts from the end of the callback, so that timers are never early and time-outs can be reset with
// every message for next to nothing: a pending timer that is put off or cancelled keeps its slot in the wheel until that
// comes up. It wakes the loop once at most by that, and only where many timers are close together.
//
// A loop may be held up: by a callback that took long, by SIGSTOP, because its machine was suspended or busy. What came in time for a
// time-out is in a socket then, and must not be found when the time-out has ended the connection. So where timers are due, and the first of
// them is 20 ms late or the last look at the sources as long ago, all sources that are ready are called once before the timers are, and may put
// them off. This is for timers of the loop: one of the Go runtime, or a context's, knows nothing of what waits in sockets.
//
// # Errors
//
// ErrClosed, ErrRunning, ErrFull (too many posts wait) and ErrGone (the source was removed); all else are system call
// errors, wrapped, so that errors.Is finds the unix.Errno.
//
// # Limits
//
// Linux 4.5 or later. Timers are exact to what epoll_pwait2 offers (about 50 µs of slack), or to a millisecond before
// Linux 5.11. One descriptor is one source per loop. Dates are those from 1678 to 2262. Memory of sources and timers
// is kept for later ones until Close: 60 bytes for each source, 36 for each timer plus 52 for each function and
// name that differ.
package reactor
