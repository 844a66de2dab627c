// Package check looks for mistakes: `ed check message` says whether lines are messages and what is in them, `ed check definitions`
// reads message definition files, `ed check config` what configures the tools, and `ed check certificate` shows the certificates of
// servers and files.
//
// # Use
//
// Command describes the four for cmd/ed. The run functions below it take options and know nothing of command lines.
//
// # Threads
//
// A command runs on one goroutine. `ed check message` has a second one that reads, so that a signal or --timeout ends it
// while standard input is silent; so has `ed check certificate` for a file or standard input.
//
// # Errors
//
// What is wrong with the things that are checked is printed, all of it, and gives the exit codes of the kinds Data (messages,
// definitions), Config, and Other (a certificate that is not good for long enough).
//
// # Limits
//
// A line has at most 16 MiB; a longer one is reported as a bad line and skipped.
package check
