// Package ask is what asks a router about services: `ed services` shows which there are, `ed ping` measures how long they take to
// answer, `ed names` completes their names in a shell.
//
// # Use
//
// Services, Ping and Names describe the commands for cmd/ed. They talk to the router by a toolkit.Routed; `ed ping` of an address
// talks to whoever listens there.
//
//	services.go  the list, or some services by name, and what changes (--watch)
//	ping.go      the command line of `ed ping`, and what its operands mean
//	pinger.go    one session: what is sent when, and what is late
//	answers.go   what comes back
//	figures.go   round-trip times
//	show.go      what is printed
//	names.go     what there are names of, within the time that somebody waits at a prompt
//
// # Threads
//
// Each session of `ed ping` has a goroutine, which sends events; the goroutine of the command prints.
//
// # Errors
//
// Kinds of tools/toolkit: Unavailable where there is no router or no such service, Protocol where what listens is no router, Other for
// `ed ping` without an answer.
//
// # Limits
//
// Figures are those of the last 100,000 answers of a service. At most 1,000 questions wait for an answer in one session.
package ask
