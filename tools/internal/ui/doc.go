// Package ui has what the full-screen views of the tools share: how values, tables and small charts look, on terminals that can do
// much and on those that can do little.
//
// # Use
//
// A view is a model of bubbletea that a [Screen] runs. It draws with a [Look], a [Table] of [Rows], a [Page] to read, a [Prompt] to type in;
// its keys are [Keys], from which its help is made. [Messages] is a whole view: the live [Trace] of services, held, filtered and saved.
//
// What bubbletea writes goes through a thrift, which leaves out what stands on the screen already, and what is typed through a
// patient, which keeps the bytes of a key together.
//
// # Threads
//
// Everything belongs to the goroutine of bubbletea but Screen, whose methods may be called from any.
//
// # Errors
//
// Those of the terminal, of kind IO; of files, as the system words them.
//
// # Limits
//
// A Trace keeps 10,000 items and 32 MiB of messages, and while it is held as many again. The terminal is asked nothing.
package ui
