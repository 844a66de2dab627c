// Package on is `ed on`: a command is run, a message sent, or a line printed when something happens.
//
// # Use
//
// Command returns the command, with a subcommand for each kind of event. A kind is a source, which makes events of
// what package core/watch reports; a run gathers, counts and hands them to the actions.
//
//	file.go process.go signal.go time.go listening.go   the sources
//	braces.go    patterns with {a,b}
//	spec.go      times that come again
//	event.go     one event, for people, in JSON, in templates and in the environment of a command
//	run.go       from the first event to the end
//	outcome.go   failures, and what the run ends with
//	print.go     the action that prints
//	runner.go    the action that runs a command, and what it does while that runs; program.go is the command
//	sender.go    the action that sends a message; compose.go is the message
//
// # Threads
//
// All of a run belongs to the goroutine of its loop, on which commands are run and messages sent. Nothing but standard
// output is waited for.
//
// # Errors
//
// An action that fails is told at once and does not end the run unless that was asked for; the run's own error then says
// at least that something failed.
//
// # Limits
//
// 1000 events wait for a command, 1000 messages for a connection; what is over that is counted. What an event holds never
// becomes a part of a shell's line or of the form of a message: it is in the environment, in words of its own, and in values.
package on
