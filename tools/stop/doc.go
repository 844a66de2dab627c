// Package stop is `ed stop`: it ends processes politely and certainly, and says how.
//
// # Use
//
// The operands are resolved to processes first (target.go), and what must not or cannot be told apart is refused before anything
// is done (refuse.go). Then every process goes through the plan (plan.go) on its own goroutine (stopper.go). The message
// step goes by a router that is asked once, for all (courier.go). Everything that happens is an event (report.go).
//
// # Threads
//
// The goroutine of run owns the Env and its Output and prints; the stoppers only send it events. All stoppers have ended when run
// returns.
//
// # Errors
//
// Kinds: Usage for what is refused, Permission, Timeout for what survived, and with --strict NotRunning and NoSuch.
// With several processes the first kind of that list that occurred decides.
//
// # Limits
//
// KILL is sent only where the plan says so.
package stop
