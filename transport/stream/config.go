package stream

import (
	"cmp"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/internal/perloop"
	"github.com/ed-toolbox/ed/transport/internal/sockaddr"
)

// Config is what a medium tells the engine.
type Config struct {
	transport.Options

	Scheme address.Scheme  // of the addresses; None: a descriptor without names, such as a pipe
	Local  address.Address // what to call this end where the system knows no name
	Remote address.Address // what to call the other end where the system knows no name
	Plain  bool            // no socket: read(2) and write(2), no half-close but by closing the descriptor written to
	Closed func()          // listeners: called after the descriptor was closed

	Packets bool // SOCK_SEQPACKET: packets keep their boundaries; MaxPacket must be set

	// The rest is about plain descriptors (pair.go).

	Way     Way          // of a single descriptor that goes one way only
	Lines   bool         // others write there too: what goes out at once is whole lines, as far as the kernel keeps them together
	ToEnd   bool         // read until there is no more: the end of stream makes no readiness of its own
	HearOut bool         // after Close, what comes is discarded: while the queue goes out, and then until its end, for up to a second
	File    bool         // no pipe but a file or a device: calls may take their time, and the scheduler is told
	Release func(fd int) // gives a descriptor back, once for each; default close(2)
}

// Way is the direction of a descriptor that is no socket.
type Way uint8

const (
	Both Way = iota // what is written may be answered
	In              // read only: nothing can be written
	Out             // written only: nothing ever comes
)

// settings is what many connections have in common: those of one listener, or
// one that was dialled.
type settings struct {
	transport.Options
	scheme        address.Scheme
	kind          string
	local, remote address.Address
	plain         bool
	packets       bool
	lines, toEnd  bool
	hearOut, file bool
	way           Way
	release       func(fd int)
	pair          *pair // a second descriptor, to write to
	dialled       bool
	listener      *Listener
}

func newSettings(cfg Config) *settings {
	s := &settings{Options: cfg.Options.WithDefaults(), scheme: cfg.Scheme, kind: cmp.Or(cfg.Scheme.String(), "pipe"),
		local: cfg.Local, remote: cfg.Remote, plain: cfg.Plain, packets: cfg.Packets,
		lines: cfg.Lines, toEnd: cfg.ToEnd, hearOut: cfg.HearOut, file: cfg.File, way: cfg.Way, release: cfg.Release}
	where := s.remote
	if where.Scheme.IsUnix() && where.Path == "" { // a socket that has no name gives none
		where = s.local
	}
	s.Name = cmp.Or(s.Name, where.String(), s.local.String(), s.kind)
	return s
}

// local is what the connections of one loop share.
type local struct {
	*reactor.Loop
	ids    *perloop.Serial
	pool   pool
	unsent unsent
	ahead  ahead

	batch sockaddr.Out // for connections of packets
}

type localKey struct{}

func localOf(l *reactor.Loop) *local {
	return l.Local(localKey{}, func() any {
		return &local{Loop: l, ids: perloop.SerialOf(l)}
	}).(*local)
}
