// Package child runs commands on the loop: one, or a pipeline of any length, with their three pipes; and makes a connection of
// a command's standard input and output.
//
// # Use
//
//	c, err := child.Dial(loop, addr, transport.Options{}, handler)       // exec:ssh -T host ed-service
//	c := child.Talk(loop, child.Command{Path: "cat"}, child.TalkOptions{}, handler)
//	j, err := child.Start(loop, child.Options{Input: r, Limit: time.Minute, Done: f},
//		child.Command{Path: "sort"}, child.Command{Path: "uniq", Args: []string{"-c"}})
//
// No shell sees a command: arguments arrive as they are.
// The line of an exec: address is divided by address.SplitWords, which knows a shell's quotes and expands nothing.
//
// # How it works
//
//   - command.go finds and starts a program by package os, and words what the system says when it cannot be.
//   - group.go: all processes of a job are one process group, so that a signal reaches what they start, too. They are reaped
//     when all have ended and nothing is left to signal: so the numbers stay theirs. Only these are reaped, by number.
//   - plumbing.go makes the pipes. Between two commands the kernel's pipe is all; only the first input, the last output
//     and the errors are on the loop, where reading and writing go on side by side: nothing waits for anything.
//   - job.go keeps what is printed, up to a limit, or hands it on; result.go is what came of it. feed.go reads the input.
//   - talk.go is the connection: its end is the end of the process.
//   - core/watch learns of the end by a pidfd: neither SIGCHLD nor a goroutine takes part.
//
// # Threads
//
// Everything belongs to the loop's goroutine, except a reader given as input, which gets a goroutine of its own. Starting
// a process blocks for about a millisecond.
//
// # Errors
//
// *StartError: why a command could not be started. *ExitError: it did not end with exit(0). ErrLimit: its time was over.
//
// # Limits
//
// Linux 5.10 (pidfd). A command has a process group of its own and is thus in the background of a terminal: what asks for a
// password there is stopped. Descriptors that we were given without close-on-exec are passed on, as by any program; none of
// ours is. A job must be done before its loop is closed.
package child
