package router

import (
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
)

// Kind says over what a client came, and so what it may do.
type Kind uint8

// The kinds of clients.
const (
	LocalUnix Kind = iota // accepted on a Unix socket of this host
	LocalTCP              // accepted on a loopback address
	Remote                // accepted where other routers connect, in the clear
	Secure                // accepted where other routers connect, over TLS
	Out                   // a connection that Host.Dial made to another router
	Datagram              // no connection: one packet, and where answers to it go
)

// String returns the kind in one or two lower-case words.
func (k Kind) String() string {
	switch k {
	case LocalUnix:
		return "unix"
	case LocalTCP:
		return "tcp"
	case Remote:
		return "remote"
	case Secure:
		return "secure"
	case Out:
		return "out"
	case Datagram:
		return "datagram"
	}
	return "unknown"
}

// Local says whether services connect over it.
func (k Kind) Local() bool { return k == LocalUnix || k == LocalTCP }

// Conn is the way to a client. Send encodes the message before it returns; any error means that the message was not
// taken and will not arrive. Nothing here may call the Router back before it returns.
type Conn interface {
	dispatch.Sender
	// Close ends the connection when what was sent before has gone out. How long that may take is the host's affair.
	Close() error
	// Abort ends the connection now.
	Abort(err error)
}

// TextConn is a Conn that takes lines which are encoded already, so that a broadcast is encoded once for all its receivers.
type TextConn interface {
	Conn
	// SpeaksText says whether the client reads text, not JSON.
	SpeaksText() bool
	// SendText sends one line, without line end. The line is borrowed until it returns. Errors are those of Send.
	SendText(line []byte) error
}

// StampConn is a Conn that gives a message another sender while it writes it, which saves a copy.
type StampConn interface {
	Conn
	// SendFrom is m.SetSender(s) and Send. Whether m is changed is not said.
	SendFrom(s *message.Sender, m *message.Message) error
}

// PendingConn is a Conn that knows how many of the messages it took are not known to have arrived in the peer's kernel.
type PendingConn interface {
	Conn
	Pending() int
}

// MarkConn is a Conn whose Lost is exact about the messages after which Mark was called, and may be an estimate about others.
type MarkConn interface {
	Conn
	// Mark is called when Send has taken a message whose sender wants to know if it is lost.
	Mark()
}

// Origin is what is known about a client from its connection.
type Origin struct {
	Kind   Kind
	Remote address.Address // where it comes from; for Out the address that Host.Dial was given

	HasCred  bool // the next three are known
	UID, GID uint32
	PID      int32

	Names []string // the names in a client certificate that was verified
}

// Lost is what the host knows, when a connection ends, about the messages that Send took: the last of them.
type Lost struct {
	Queued    int // they never left this host
	Uncertain int // of those before: they went out, and nobody knows whether they arrived
}

// Host is the process around the rules. Its methods return at once and do not call the Router back before they return.
type Host interface {
	// Dial makes one attempt to connect to another router. It is followed by Router.Opened with Kind Out and Remote being to,
	// or by Router.DialFailed. The scheme of to is TCP or TLS.
	Dial(to address.Address)
	// SaveNeighbors keeps the list of known routers for the next start; the router itself is not in it.
	SaveNeighbors(list []address.Address)
	// SaveClusterStatus is told what the cluster has become: whether there is a quorum, and whether all are connected.
	SaveClusterStatus(up, complete bool)
	// SaveLoad is told the load average, divided by the number of processors, of another router's host.
	SaveLoad(of address.Address, load float64, at message.Timespec)
	// RotateLog closes the log files and opens them again.
	RotateLog()
	// Stopping is called once when the router begins to stop, whoever asked for it: accept nothing any more. When all
	// clients are closed, or the host's patience is at its end, the process may end.
	Stopping(cluster bool)
}

// Waker is a Host that can call Tick earlier than the last one wanted: when there is something to tell other routers, when
// connections are to be closed. Without it that waits until then.
type Waker interface {
	Host
	// Wake asks for Tick at that time, which may have come. It returns before it calls it.
	Wake(at time.Time)
}

// Policy says who may do what. Its methods are called for every message and must be quick. m is borrowed and not to be changed.
type Policy interface {
	// Register says whether c may have the name; the error is the reason why not, for the client.
	Register(c *Client, name string) error
	// Send says whether c may send m, which is stamped already; the error is the reason why not, for the client.
	Send(c *Client, m *message.Message) error
}

// Credentials are what a router shows to another over TLS.
type Credentials struct{ User, Password string }

// second is the most that Tick lets pass until it wants to be called again.
const second = time.Second
