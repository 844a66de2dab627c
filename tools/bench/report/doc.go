// Package report is what `ed bench` found out, in all its forms.
//
// # Use
//
// A [Report] is filled in by who measured. [Check] holds it against an [Expectation], [Compare] against an earlier one, which [Read] reads.
// It writes itself as text, JSON, CSV, a log of HdrHistogram, lines of Go's benchmarks, and as one page of HTML with its curves (svg.go,
// curves.go) that needs no other file.
//
// # Threads
//
// A Report belongs to one goroutine.
//
// # Errors
//
// Those of the writer, and of what was to be read.
//
// # Limits
//
// Times from 1 ns to an hour are told apart to three digits. The JSON form has a number, [Version].
package report
