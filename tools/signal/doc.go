// Package signal sends messages: `ed signal` sends one and says what became of it, `ed send` sends many over one
// connection, `ed request` sends and waits for the reply to each.
//
// # Use
//
// Command, SendCommand and RequestCommand describe the three for cmd/ed. Below them, options and sendOptions are what a command line
// comes to, and the run functions know nothing of command lines.
//
// All three make a message complete in the same way (see composer): they fill in who sends it, check the names, and for the
// commands that every service knows the parameters, too.
//
// # Threads
//
// A command runs on one goroutine. `ed send` and `ed request` have a second one that takes what arrives, so that a peer that answers
// never holds up the sending; it prints through console, which serialises output.
//
// # Errors
//
// All errors have a kind of tools/toolkit. Of what `ed send` was given, everything up to the error went out; the error says
// how much that was.
//
// # Limits
//
// Waits are bounded by --timeout. A datagram has at most --max-datagram bytes. Nothing is kept of what was sent, so the number of
// messages is not limited.
package signal
