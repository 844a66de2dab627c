package transport

import (
	"cmp"
	"io/fs"
	"log/slog"
	"time"
)

// Defaults of Options.
const (
	DefaultHighMark       = 1 << 20
	DefaultReadBudget     = 64 << 10
	DefaultConnectTimeout = 10 * time.Second
	DefaultCloseTimeout   = 5 * time.Second
	DefaultBacklog        = 1024
	DefaultMode           = fs.FileMode(0o660)
	DefaultQueuePackets   = 1024
	DefaultMaxPacketIn    = 64 << 10
	DefaultMaxPacketUDP   = 1024
	DefaultMaxPacketUnix  = 64 << 10
)

// Options are those of every medium; each uses what concerns it. The zero
// value is what most want. A negative time-out means none.
type Options struct {
	Name string // in lists of sources and logs; default: the address

	HighMark       int           // bytes queued per connection at most; default 1 MiB
	LowMark        int           // bytes at which OnDrain comes; default half of HighMark
	ReadBudget     int           // bytes read per connection and turn; default 64 KiB
	ConnectTimeout time.Duration // look-up and connecting together; default 10 s
	CloseTimeout   time.Duration // to send the queue after Close; default 5 s

	Backlog  int // of a listener; default 1024 (the kernel caps it at somaxconn)
	MaxConns int // open connections of a listener; more are closed at once; 0: no limit

	KeepAlive   time.Duration // TCP: idle time before the first probe; 0: on, with the system's times; negative: off
	UserTimeout time.Duration // TCP_USER_TIMEOUT: how long sent data may stay unacknowledged; 0: system's
	DualStack   bool          // [::] also takes IPv4 peers; else IPv6 means IPv6

	Interface string // UDP groups: join and send on this one: a name, a number, an own IP; "all": join on each; default: the system's choice
	Hops      int    // UDP groups: routers passed at most, plus one; default 1: this network only
	NoLoop    bool   // UDP groups: what we send is not heard on this host

	Mode  fs.FileMode // of a Unix socket file or a FIFO that is made; default 0660
	Owner string      // user name or number of that file; default: ours
	Group string      // group name or number; default: ours

	WaitReader bool // FIFO: dialling waits until somebody reads it, within ConnectTimeout, instead of failing

	MaxPacket    int // bytes sent in one packet at most, and never more than HighMark; default 1024 (UDP), 65536 (Unix)
	MaxPacketIn  int // longer packets are dropped and counted; default and most 65536
	QueuePackets int // packets queued at most (their bytes by HighMark); default 1024

	Background bool // connections and listener do not keep their loop alive; streams with a descriptor of their own only

	Logger *slog.Logger // default: silent
}

// WithDefaults returns o with every default filled in that does not depend on
// the medium. Engines call it once per listener or dialled connection.
func (o Options) WithDefaults() Options {
	o.HighMark = cmp.Or(max(o.HighMark, 0), DefaultHighMark)
	o.LowMark = min(cmp.Or(max(o.LowMark, 0), o.HighMark/2), o.HighMark)
	o.ReadBudget = cmp.Or(max(o.ReadBudget, 0), DefaultReadBudget)
	o.ConnectTimeout = cmp.Or(o.ConnectTimeout, DefaultConnectTimeout)
	o.CloseTimeout = cmp.Or(o.CloseTimeout, DefaultCloseTimeout)
	o.Backlog = cmp.Or(max(o.Backlog, 0), DefaultBacklog)
	o.Mode = cmp.Or(o.Mode, DefaultMode)
	o.MaxPacketIn = min(cmp.Or(max(o.MaxPacketIn, 0), DefaultMaxPacketIn), DefaultMaxPacketIn)
	o.QueuePackets = cmp.Or(max(o.QueuePackets, 0), DefaultQueuePackets)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}
