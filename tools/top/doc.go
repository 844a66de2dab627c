// Package top is `ed top`: what runs in services, again and again, on a screen or as text, JSON and CSV.
//
// # Use
//
// Command returns the command. A poller asks the control sockets for tables; a framer makes a frame of one table over all
// processes, and compares it with the one before.
//
//	poll.go ask.go                                    who is there, and what they answer; snapshot is one round of it
//	framer.go frame.go arrange.go history.go          rows, rates, their order, their last values
//	view.go                                           which tables belong together
//	plain.go printer.go                               frames as lines
//	model.go update.go keys.go mouse.go messages.go   the screen: what reaches it, and what it does
//	draw.go cells.go                                  what it looks like
//
// # Threads
//
// The screen belongs to the goroutine of bubbletea. What it has done elsewhere, such as a round of questions, gets copies, and comes back
// as a message. Snapshots and frames do not change once they are made.
//
// # Errors
//
// A process that does not answer, or goes, is a row that says so, and no error. What is asked for and is nowhere, such as a
// column or a target, ends the command.
//
// # Limits
//
// A service is asked at most ten times a second, and where there are many rows once in 0.3 ms a row. One that does not answer
// within half a second holds up nobody, and is left alone for 5 s when its time is over. What has gone is shown for 10 s.
package top
