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

// strangerTimeout is how long a connection to another router may go on without its first message.
const strangerTimeout = 30 * time.Second

// Dial implements rules.Host.
func (d *daemon) Dial(to address.Address) {
	h := &dialing{d: d, to: to}
	if _, err := d.opener.Dial(d.loop, to, d.transportOptions(), h); err != nil {
		d.loop.After(0, "dial failed", func() { d.rules.DialFailed(to, err) })
	}
}

// dialing is a connection to another router while it is made.
type dialing struct {
	d  *daemon
	to address.Address
}

// OnOpen implements transport.Handler; from then on the link is the handler.
func (h *dialing) OnOpen(c transport.Conn) {
	l := h.d.accept(rules.Out, c)
	c.SetHandler(l)
	l.OnOpen(c)
}

// OnData implements transport.Handler; nothing comes before OnOpen.
func (h *dialing) OnData(transport.Conn, []byte) {}

// OnDrain implements transport.Handler.
func (h *dialing) OnDrain(transport.Conn) {}

// OnClose implements transport.Handler: there is no connection.
func (h *dialing) OnClose(_ transport.Conn, err error) { h.d.rules.DialFailed(h.to, err) }

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
	d.log.Info("log file is closed and opened anew")
	d.sink.Rotate()
}

// Stopping implements rules.Host.
func (d *daemon) Stopping(cluster bool) { d.stopping(cluster) }

// loadAverage is that of the last minute for each processor; /proc does not block.
func loadAverage() float64 {
	data, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(data), " ")
	load, err := strconv.ParseFloat(first, 64)
	if err != nil {
		return 0
	}
	return load / float64(runtime.NumCPU())
}

// options are those of the rules.
func (d *daemon) options(s *setup) rules.Options {
	o := rules.Options{
		ServerName: s.serverName, MyAddress: s.mine, Services: s.services,
		Neighbors: s.neighbors, Learned: d.learned, MaxConnections: s.maxConnections,
		Credentials: s.credentials, GossipMax: s.gossipMax, Load: loadAverage, Logger: d.log,
		Limits: rules.Limits{CacheMessages: s.cacheMessages, CacheBytes: s.cacheBytes, CacheAge: s.cacheAge, Line: s.lineLimit},
	}
	if s.cacheMessages == 0 || s.cacheBytes == 0 {
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

// deadPeer is how long what was sent to a TCP peer may stay unacknowledged; one that is silent is asked for a sign of life.
const deadPeer = 60 * time.Second

var _ rules.Host = (*daemon)(nil)
