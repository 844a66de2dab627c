// Package tail is `ed listen` and `ed replay`: what travels is shown, recorded, answered, and played again.
//
// # Use
//
// Listen and Replay return the commands. `ed listen` has all its addresses on one reactor.Loop: a link.Server for what it
// binds, a link.Client for each peer that it dials, a link.Datagram for packets, all of them mute. What arrives goes the
// way of listening.Dispatch: filter, count, printer, recorder, answers, shell commands.
//
//	filter.go    --filter: which messages are shown
//	print.go     one message or broken line as text, JSON or raw
//	sink.go      standard output, written once per turn of the loop
//	record.go    --record: whole lines or an error
//	answer.go    --echo, --reply, --send
//	run.go       --on: shell commands, off the loop
//	summary.go   what is said at the end
//	pace.go      when each line of a recording is due
//
// # Threads
//
// All of a listening belongs to the goroutine of its loop. Shell commands run on goroutines of their own, which only
// post their result. `ed replay` needs no loop: it uses a toolkit.Session.
//
// # Errors
//
// A line that is no message is shown and counted, never an error. Standard output, or a recording, that cannot be
// written ends the command.
//
// # Limits
//
// Standard output is written on the loop: while its reader does not read, nothing is read from the peers either, whose
// own queues then fill. So the memory in use does not depend on how slow the reader is. The names of commands counted
// for the summary, the labels of packet senders and the shell commands waiting are bounded.
package tail
