package router

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/message"
)

// Options of a Router. Only ServerName is required.
type Options struct {
	// ServerName is the name of this node: a server name as in messages.
	ServerName string
	// MyAddress is where other routers reach this one. Default tcp://127.0.0.1:4042.
	MyAddress address.Address
	// PublicAddress and SecureAddress answer PUBLIC_IP; zero: there is none.
	PublicAddress, SecureAddress address.Address
	// Services are the names of services that belong to this node: messages to them wait in the cache until they register.
	Services []string
	// Neighbors are the other routers that the operator named; a TLS scheme is obeyed. Learned are those that SaveNeighbors
	// was given.
	Neighbors, Learned []address.Address
	// MaxConnections is how many routers may be connected. Default 100.
	MaxConnections int
	// Credentials are demanded of routers on a Secure connection that has no verified certificate, and shown to routers
	// that are dialled over TLS. Zero: only certificates are accepted.
	Credentials Credentials
	// GossipMax is the longest pause between two attempts to tell another router that we are here. Default 1 h.
	GossipMax time.Duration
	// Limits bound what clients can make the router hold.
	Limits Limits
	// Policy says who may do what. Nil: whoever could connect may.
	Policy Policy
	// Load returns the load average of this host divided by its number of processors; it may not block. Nil: never told.
	Load func() float64
	// Now is the clock that ABSOLUTELY tells, and the trace. Nil: the time of the last Tick, which is up to a second old; all else
	// goes by that anyway.
	Now func() time.Time
	// Logger; nil: slog.Default().
	Logger *slog.Logger
	// FirstID is the number in the first broadcast_msgid. 0: taken from the clock, so that a restarted router repeats none.
	FirstID uint64
}

// Limits bound memory. Zero values mean the defaults; negative ones, too, where nothing else is said.
type Limits struct {
	CacheMessages int           // messages that wait for their service. Default 10,000; negative: cache nothing
	CacheBytes    int           // bytes of their lines. Default 8 MiB
	CacheAge      time.Duration // longest time a message may wait, whatever it asks for. Default 24 h
	ClientCache   int           // bytes of the cache that one client may fill. Default a quarter of CacheBytes
	ClientRate    int           // messages a second of one client; more are refused. Default 0: any number
	PacketRate    int           // the same for datagrams, of one host, or of one user of this host
	Line          int           // bytes of a line that this router sends: what would get longer is undeliverable. Default 65,536
	Services      int           // names of services remembered, registered or not. Default 100,000
	Commands      int           // commands that one client may announce. Default 512
	Neighbors     int           // other routers known. Default 1,024
	IDs           int           // message ids remembered against duplicates. Default 65,536
	Reports       int           // reports owed: for one client, and for messages sent to all, and 32 MiB of these. Default 65,536
}

func (l *Limits) setDefaults() {
	set := func(p *int, n int) {
		if *p <= 0 {
			*p = n
		}
	}
	if l.CacheMessages == 0 {
		l.CacheMessages = 10_000
	}
	set(&l.CacheBytes, 8<<20)
	set(&l.ClientCache, l.CacheBytes/4)
	set(&l.Line, 65_536)
	set(&l.Services, 100_000)
	set(&l.Commands, 512)
	set(&l.Neighbors, 1024)
	set(&l.IDs, 65_536)
	set(&l.Reports, 65_536)
	if l.CacheAge <= 0 {
		l.CacheAge = mostAge
	}
}

// defaultAddress is where a router is that has no address of its own.
func defaultAddress() address.Address {
	a, err := address.Parse("127.0.0.1:4042", address.Defaults{})
	if err != nil {
		panic(err) // it is a constant
	}
	return a
}

// complete fills in the defaults and verifies the names and addresses.
func (o *Options) complete() error {
	if err := message.VerifyServer(o.ServerName); err != nil {
		return fmt.Errorf("server name: %w", err)
	}
	if o.MyAddress.IsZero() {
		o.MyAddress = defaultAddress()
	}
	if !o.MyAddress.IP.IsValid() || o.MyAddress.Port == 0 {
		return fmt.Errorf("own address %q: it needs an IP address and a port", o.MyAddress)
	}
	for _, name := range o.Services {
		if err := message.VerifyService(name); err != nil {
			return fmt.Errorf("list of services: %w", err)
		}
	}
	for _, a := range o.Neighbors {
		if !a.IP.IsValid() || a.Port == 0 {
			return fmt.Errorf("neighbor %q: it needs an IP address and a port", a)
		}
	}
	if o.MaxConnections <= 0 {
		o.MaxConnections = 100
	}
	if o.GossipMax <= 0 {
		o.GossipMax = time.Hour
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	o.Limits.setDefaults()
	return nil
}
