// Package address reads and prints the places where messages are sent from and to: a TCP or UDP port, a Unix socket, a FIFO,
// a command to run. It opens no socket and asks no name server; it only knows text.
//
// # Use
//
//	a, err := address.Parse("127.0.0.1", address.Defaults{Scheme: address.UDP, Port: 4041, NoLookup: true})
//	fmt.Println(a) // udp://127.0.0.1:4041
//
// What Parse takes:
//
//	tcp://HOST:PORT   tls://HOST:PORT   udp://HOST:PORT     HOST is an IPv4 address, [IPv6], [IPv6%zone] or a host name
//	unix:PATH         unix:///PATH      unix:@NAME          a stream socket; @NAME is in the abstract name space
//	unixgram:…        unixpacket:…                          the same for datagram and sequential-packet sockets
//	fifo:PATH         exec:COMMAND LINE
//	cd:///PATH        cd://HOST[:PORT]                      Unix, or TCP: port 4040 on loopback, 4042 elsewhere
//	cds://HOST[:PORT] cdu://HOST[:PORT]                     TLS port 4043, UDP port 4041
//	IP  IP:PORT  IPv6  [IPv6]:PORT  :PORT  HOST  HOST:PORT  with the scheme, host and port of Defaults
//	/PATH  @NAME                                            where Defaults.Scheme is a Unix one (or FIFO: /PATH)
//
// A command line is words with a shell's quotes, of which nothing is expanded (SplitWords).
//
// There is no percent-decoding: what is written is what is meant. An Address is comparable, and two spellings of one place
// compare equal: host names are lower case, an IPv4-mapped IPv6 address is its IPv4 address, the cd: family becomes
// the scheme it stands for.
//
// # Threads
//
// Addresses are plain values; every function is pure.
//
// # Errors
//
// Parse returns *ParseError, which holds the text, what was wrong with it, and what would have been right.
//
// # Limits
//
// Unix paths and abstract names have at most 107 bytes, FIFO paths 4095, host names 253 with 63 in a label; ports are
// 0 to 65535 (0 asks the system for a free one when listening).
package address
