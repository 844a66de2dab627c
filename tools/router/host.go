package router

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/message"
	rules "github.com/ed-toolbox/ed/core/router"
	"github.com/ed-toolbox/ed/transport"
)

// strangerTimeout is how long a connection to an address for routers may go on until one is accepted over it.
const strangerTimeout = 30 * time.Second

// Dial implements rules.Host.
func (d *daemon) Dial(to address.Address) {
	if !d.stopAt.IsZero() {
		d.loop.After(0, "dial refused", func() { d.rules.DialFailed(to, errPatience) })
		return
	}
	h := &dialing{d: d, to: to}
	c, err := d.opener.Dial(d.loop, to, d.transportOptions(), h)
	if err != nil {
		d.loop.After(0, "dial failed", func() { d.rules.DialFailed(to, err) })
		return
	}
	d.dials[h] = c
}

// dialing is a connection to another router while it is made.
type dialing struct {
	d  *daemon
	to address.Address
}

// OnOpen implements transport.Handler; from then on the link is the handler.
func (h *dialing) OnOpen(c transport.Conn) {
	delete(h.d.dials, h)
	l := h.d.accept(rules.Out, c)
	c.SetHandler(l)
	l.OnOpen(c)
}

// OnData implements transport.Handler; nothing comes before OnOpen.
func (h *dialing) OnData(transport.Conn, []byte) {}

// OnDrain implements transport.Handler.
func (h *dialing) OnDrain(transport.Conn) {}

// OnClose implements transport.Handler: there is no connection.
func (h *dialing) OnClose(_ transport.Conn, err error) {
	delete(h.d.dials, h)
	h.d.rules.DialFailed(h.to, err)
}

// SaveNeighbors implements rules.Host.
func (d *daemon) SaveNeighbors(list []address.Address) { d.store.neighbors(list) }

// SaveClusterStatus implements rules.Host.
func (d *daemon) SaveClusterStatus(up, complete bool) { d.store.cluster(up, complete) }

// SaveLoad implements rules.Host.
func (d *daemon) SaveLoad(of address.Address, load float64, at message.Timespec) {
	d.store.load(of, load, at)
}

// RotateLog implements rules.Host.
func (d *daemon) RotateLog() {
	if now := d.loop.Now(); now.Sub(d.rotated) >= time.Second { // whoever can send can ask for it
		d.log.Info("log file is closed and opened anew")
		d.rotated = now
	}
	d.sink.Rotate()
}

// loadAverage is that of the last minute for each processor; /proc does not block. Where it cannot be read it is what it was.
func (d *daemon) loadAverage() float64 {
	data, err := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(data), " ")
	if load, bad := strconv.ParseFloat(first, 64); err == nil && bad == nil {
		d.load = load / float64(runtime.NumCPU())
	}
	return d.load
}

// options are those of the rules.
func (d *daemon) options(s *setup) rules.Options {
	o := rules.Options{
		ServerName: s.serverName, MyAddress: s.mine, Services: s.services,
		Neighbors: s.neighbors, Learned: d.learned, MaxConnections: s.maxConnections,
		Credentials: s.credentials, GossipMax: s.gossipMax, Load: d.loadAverage, Now: d.env.Now, Logger: d.log,
		Limits: rules.Limits{CacheMessages: s.cacheMessages, CacheBytes: s.cacheBytes, CacheAge: s.cacheAge, ClientCache: s.clientCache, Line: s.lineLimit, PacketRate: s.clientRate},
	}
	if s.cacheMessages == 0 || s.cacheBytes == 0 || s.clientCache == 0 {
		o.Limits.CacheMessages, o.Limits.CacheBytes = -1, 1
	}
	if len(s.remote) > 0 {
		o.PublicAddress = s.remote[0]
	}
	if len(s.secure) > 0 {
		o.SecureAddress = s.secure[0]
	}
	if s.policy != nil {
		o.Policy = s.policy
	}
	return o
}

// transportOptions are those of all connections.
func (d *daemon) transportOptions() transport.Options {
	return transport.Options{
		HighMark: d.setup.clientQueue, CloseTimeout: max(d.setup.stopTimeout/2, time.Second), Backlog: d.setup.backlog,
		MaxConns: d.setup.maxClients, Group: d.setup.group, Logger: d.log,
		UserTimeout: deadPeer, KeepAlive: deadPeer / 2,
	}
}

// listenerOptions are those of a listener of a kind. Where other routers connect, and whoever else can reach the address,
// there is always a limit.
func (d *daemon) listenerOptions(kind rules.Kind) transport.Options {
	o := d.transportOptions()
	if kind == rules.Remote || kind == rules.Secure {
		o.MaxConns = strangers + 2*d.setup.maxConnections
		if d.setup.maxClients > 0 {
			o.MaxConns = min(o.MaxConns, d.setup.maxClients)
		}
	}
	return o
}

// strangers is how many connections there may be where other routers connect, beside two for each of them.
const strangers = 100

// deadPeer is how long what was sent to a TCP peer may stay unacknowledged; one that is silent is asked for a sign of life.
const deadPeer = 60 * time.Second

var _ rules.Host = (*daemon)(nil)
