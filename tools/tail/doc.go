// Package tail is `ed listen`, `ed watch` and `ed replay`: what travels is shown, recorded, answered, and played again.
//
// # Use
//
// Listen, Watch and Replay return the commands. `ed listen` has all its addresses on one reactor.Loop: a link.Server for what it
// binds, a link.Client for each peer that it dials, a link.Datagram for packets, all of them mute. What arrives goes the
// way of listening.Dispatch: filter, count, printer, recorder, answers, shell commands.
//
//	listen.go arrive.go finish.go   one run: addresses, what comes by them, the end
//	listen_service.go               --service: registered with a router
//	filter.go                       --filter: which messages are shown
//	print.go                        one message or broken line as text, JSON or raw
//	sink.go                         standard output, written once per turn of the loop
//	record.go                       --record: whole lines or an error
//	answer.go                       --echo, --reply, --send
//	run.go                          --on: shell commands, off the loop
//	summary.go                      what is said at the end
//	pace.go                         when each line of a recording is due
//
// `ed watch` binds nothing: control.Follow brings what services say of their messages. watching (watch.go, watch_take.go,
// watch_print.go) prints and records that, or leaves it on a shelf for the board, which is the screen.
//
// # Threads
//
// All of a listening belongs to the goroutine of its loop. Shell commands run on goroutines of their own, which only
// post their result. `ed replay` needs no loop: it uses a toolkit.Session. A watching belongs to the goroutine of the command, a board to
// that of bubbletea, and the shelf between them to both: a terminal that takes nothing keeps nobody from recording.
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
