// Package watch has ready-made event sources for a reactor.Loop: signals, the end of children and of other
// processes, processes that start, changes of files, addresses that something begins to listen at, and work that is done
// off the loop. It uses the public methods of the loop only: what is here could be written by anyone.
//
// # Use
//
//	s, err := watch.Signals(l, func(sig syscall.Signal, n int) { … }, watch.SignalOptions{}, syscall.SIGHUP)
//	c, err := watch.ChildProcess(l, cmd.Process, func(e watch.Exit) { … }, watch.ChildOptions{Keep: true})
//	p, err := watch.Process(l, pid, func() { … }, watch.ProcessOptions{})
//	ps, err := watch.Processes(l, func(e watch.ProcessEvent) { … }, watch.ProcessesOptions{Names: []string{"snap*"}})
//	f, err := watch.Files(l, func(e watch.FileEvent) { … }, watch.FileOptions{Patterns: []string{"conf/**/*.conf"}})
//	a := watch.Listening(l, probe, func(err error) { … }, watch.ListenOptions{Path: "/run/x.sock"})
//	d := watch.NewDone(l, func(n int) { … })              // d.Signal() from any goroutine
//	t, err := watch.Background(l, work, func(result T, err error) { … })
//
// All but the tasks end by Close, which must come before the loop's. Most keep the loop alive until then; what happens once
// lets it go by itself.
//
// # Who reaps
//
// A child is reaped by its watch, and by nobody else: Child and ChildProcess without Keep. With Keep the owner reaps, for
// instance by exec.Cmd.Wait in the callback. No watch ever takes the status of a child it was not given, and
// a child that was stopped is left as it is.
//
// # Files
//
// A FileWatch watches directories, never files, and so follows paths and not what happens to have them: editors that
// save by renaming, deletion and re-creation, parent directories that come later. It keeps a tree of the paths that match, and of
// directories on the way. Believing its events, from Exists on, is enough to know what is there: Create and Exists add
// Path; Delete removes it; Rename moves Old to Path. If one event has several of these, Delete comes first: with Create or
// Rename it says that what was at Path before was replaced.
//
//   - A directory is watched before it is looked at, so what is made in between is found by the look, or reported, or both,
//     and then one of the two is left out. Such events have Found.
//   - What is in a directory that is renamed is reported path by path; so is what is in one that is moved away. Both halves of a
//     rename are joined; one that is alone after 10 ms was a move in or out.
//   - When a directory was renamed, looks that went by its path may have led elsewhere. So it is looked at again when no events
//     wait; that also goes for all that is found to be other than expected.
//   - Symbolic links are followed where a pattern has a name or a wildcard in their place, but not by ** and not when a directory
//     is watched by its name. A link to a file means the file; exchanging the link, or a link in the same directory
//     that it leads through, is Updated.
//
// # Threads
//
// Everything belongs to the loop's goroutine but Done.Signal. Callbacks are made there and must not block.
// A callback may close its own watch. If it panics, the loop says so and the next event is delivered all the same.
//
// # Errors
//
// ErrGone, ErrNotChild, ErrReaped, ErrUnknown, ErrUnsupported, ErrBusy, ErrClosed, ErrTimeout; *LimitError where the limits
// of inotify, or our own, do not suffice; *PanicError of tasks; system call errors, wrapped.
//
// # Limits
//
// Linux 5.10 or later. Memory is bounded: signals and Done are counted; a pool has at most Workers + Queue tasks; a FileWatch knows
// at most MaxEntries paths, about 200 bytes each with a name of 16; a ProcessesWatch at most Max processes. Events
// that wait for their callbacks wait for one turn of the loop, or for Coalesce, at most 4096 of them.
//
// inotify sees what is done on this machine by way of the file system: not what others do on network file systems, not
// writes to mapped memory, not /proc and /sys, and not that something is mounted over a directory. One
// FileWatch is one of fs.inotify.max_user_instances (128 by default); each directory in it one of max_user_watches.
// The system queues max_queued_events (16384) changes before it drops them. The walk when a watch begins, and the look at each
// directory, happen on the loop: 10,000 entries take 10 to 20 ms.
//
// Processes by polling sees only those that live at an interval's end. By the proc connector it sees all, but has to read the
// name of a program from /proc: of one that has ended by then, and was reaped, it is not known.
package watch
