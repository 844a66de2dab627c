// Package tlsconn encrypts any stream connection: a Conn of it is a
// transport.Conn over another one, with the same contract.
//
// # Use
//
// Programs come here for the options; package open dials and listens:
//
//	config, err := tlsconn.New(tlsconn.Options{CertFile: "cert.pem", KeyFile: "key.pem", CAFile: "ca.pem"})
//	op := open.Opener{TLS: config}
//	l, err := op.Listen(loop, addr, transport.Options{}, accept) // addr is tls://…
//
// [Dial] and [Listen] do the same over a medium of the caller's choice. The
// options of the connection mean what they mean without TLS; marks, counters
// and limits are those of the plaintext. OnOpen comes after the handshake.
//
// # How it works
//
//   - The handshake runs on a goroutine of its own, because crypto/tls cannot be
//     interrupted in it and computes for long. It talks to the loop through an
//     exchange of two bounded buffers (exchange.go, handshake.go). Half of the
//     processors at most are used that way.
//   - After it there is no goroutine: the loop reads and writes the tls.Conn
//     itself, over a net.Conn in memory that says "deadline passed" when it is
//     empty, which a tls.Conn survives (half.go).
//   - What arrived is decrypted in one batch and handed over in one OnData
//     (read.go). What was written waits as plaintext until the connection below
//     takes more, and is encrypted by up to 64 KiB (write.go).
//   - Where each record ends is noted until the kernel took it, so that a link knows what may have reached the peer
//     (ledger.go).
//   - The end of stream is close_notify, followed by that of the connection
//     below. An end without it is an error (close.go). Where both have ended and
//     the handler has paused before the last of what came, the Conn lives on
//     without one below until it was heard.
//
// # Security
//
// TLS 1.2 and 1.3 with the cipher suites of crypto/tls; no ALPN, no
// renegotiation. Clients verify the chain and the name of the server, which is
// the host that was dialled or Options.ServerName; a numeric address must be
// among the certificate's addresses. Sessions are resumed while the files stay
// the same. Options.Insecure turns verification off, and whoever is between can
// then read and change everything.
//
// Where a client's certificate is required, a TLS 1.3 client learns that the server
// did not like it only after its own OnOpen, by OnClose.
//
// # Threads
//
// A connection belongs to its loop's goroutine. A [Config] may be used by any
// number of loops at a time; its files are read on the handshakes' goroutines,
// and what has become of them is logged on the loop, to transport.Options.Logger.
//
// # Errors
//
// *transport.OpError with the Op "handshake" for all that can be wrong with
// certificates and versions (errors.As finds the error of crypto/x509, which
// holds the certificate), "read" for what cannot be decrypted, and the errors of
// the connection below. A stream that is cut off without close_notify is
// io.ErrUnexpectedEOF unless Options.AllowTruncation is set; queued replies are
// sent first. A handshake that takes too long is transport.ErrTimeout.
//
// # Limits
//
// Below a connection, at most 256 KiB of ciphertext wait to be sent; besides the
// queue of plaintext, an open connection holds what crypto/tls keeps of the last
// record, up to 17 KiB, 16 bytes for each record that waits below, and a paused one what was read already, up to 128 KiB.
// A handshake holds at most 64 KiB and one read that arrived ahead.
package tlsconn
