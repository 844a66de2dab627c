// Package bench is `ed bench`: it puts a load on a service and measures what that does with it, or is the service under test.
//
// # Use
//
// Command returns the command, with a subcommand for each kind of load. Options become a plan, a series runs the plan once or at
// several rates, and package report says what came out.
//
//	options.go limits.go                      what was asked for, and whether this machine can do it
//	rate.go                                   --rate, and when each message is due
//	wording.go script.go                      what is sent: messages with numbers in them
//	plan.go series.go unite.go run.go         one load; one after the other; one, from the first connection to the report
//	worker.go pump.go dial.go connect.go      a loop with its share of the connections, and when each is to send
//	client.go issue.go reply.go echoes.go     a connection: what was sent, and what came back for it
//	oneway.go counted.go tally.go             messages that nobody answers: the service is asked what it got
//	routed.go receiver.go hub.go              services at both ends of a router, and as much of a router as a test needs
//	record.go interval.go                     what a worker measures in about a second
//	verdict.go live.go output.go machine.go   what is made of it, and where it is shown
//	collect.go                                how much garbage may lie about meanwhile
//	serve.go fault.go                         the service under test, and what it does wrong on purpose
//
// A message is late when it is sent after it was due, and its response time begins when it was due: a generator that is held up by
// the service does not hide that.
//
// # Threads
//
// A runner belongs to the goroutine of the command. Each worker has a loop on a goroutine of its own, and gives what it measured to the
// runner over a channel. A plan does not change while it runs.
//
// # Errors
//
// Kinds of tools/toolkit: Usage for a load that this machine cannot make, Unavailable where nobody listens, Threshold for what
// was not as --expect says, Temporary for a run that is no measurement of what was asked for.
//
// # Limits
//
// A million connections, 268,435,456 messages in flight, 1,024 workers, 65,536 bytes a message, a million messages of a file, 256 MiB of
// them. Histograms have three digits.
package bench
