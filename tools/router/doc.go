// Package router is `ed router`, the process around the rules of core/router: it reads a configuration, opens sockets, moves
// messages between them and the rules, and behaves as a daemon should.
//
// # Use
//
// Command is the command. Its parts, each in files of its own:
//
//   - keys.go, setup.go, values.go, places.go: router.conf(5) and the options of the same names, read into a setup;
//     show.go prints it. A reload reads it again and changes what can be changed (reload.go).
//   - policy.go, policyfile.go: the file that says who may do what.
//   - open.go, inherit.go: listeners, bound or inherited from systemd.
//   - client.go, packets.go, ledger.go: links as the rules see them (router.Conn), and what becomes of messages
//     when one breaks; sweep.go has the ledgers forget.
//   - tidy.go: memory that a crowd of services left behind goes back to the system.
//   - rights.go: the user that it goes on as; clock.go: whether the clock is right.
//   - host.go, store.go: what the rules ask of the process around them (router.Host).
//   - daemon.go, stop.go, reload.go: one run, from the sockets to the last message.
//   - log.go, sink.go, notify.go, metrics.go, control.go, tables.go: what the process tells others about itself.
//
// # Threads
//
// Everything belongs to the goroutine of one loop, except: the log and notifications to systemd are written by a goroutine
// each, over bounded queues; files are saved by a task; HTTP has its own goroutines, which ask the loop for a snapshot and
// give up after a second. The loop itself never waits for a disk, a pipe or a name look-up.
//
// # Errors
//
// What is wrong with the configuration is of kind Config, every mistake at once with its file and line. An address that is
// taken is of kind Unavailable and names the process that holds it. After the start nothing ends the process but STOP, SHUTDOWN,
// SIGINT and SIGTERM.
//
// # Limits
//
// All are settings: see router.conf(5).
package router
