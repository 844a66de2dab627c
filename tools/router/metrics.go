package router

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	rules "github.com/ed-toolbox/ed/core/router"
	"github.com/ed-toolbox/ed/transport/open"
)

// snapshotLimit is how long a request for figures waits for the loop.
const snapshotLimit = time.Second

var errBusy = fmt.Errorf("the router is too busy: no figures within %s", snapshotLimit)

// metrics is the HTTP server that tells figures, on goroutines of its own.
type metrics struct {
	server *http.Server
	over   chan struct{}
}

// openMetrics binds the address, if there is one.
func (d *daemon) openMetrics() error {
	a := d.setup.metrics
	if a.IsZero() {
		return nil
	}
	if err := d.makeFolder(a); err != nil {
		return err
	}
	l, err := open.NetListener(a, d.transportOptions())
	if err != nil {
		return d.explain("metrics_listen", a, err)
	}
	m := &metrics{over: make(chan struct{}), server: &http.Server{
		Handler:     metricsHandler(d.snapshot),
		ReadTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(d.log.Handler(), slog.LevelDebug),
	}}
	go func() {
		defer close(m.over)
		if err := m.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			d.log.Error("figures are told no more", "error", err)
		}
	}()
	d.metrics = m
	d.log.Info("listening", "for", "metrics_listen", "address", textOf(a, l.Addr().String()))
	return nil
}

// textOf is the address with the port that the system chose.
func textOf(a address.Address, bound string) string {
	if a.Scheme == address.TCP {
		return "tcp://" + bound
	}
	return a.String()
}

func (d *daemon) closeMetrics() {
	if d.metrics != nil {
		_ = d.metrics.server.Close()
		<-d.metrics.over
	}
}

// snapshot gets the figures from the loop. It may be called from any goroutine, and gives up when the loop is too busy.
func (d *daemon) snapshot(ctx context.Context) (figures, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, snapshotLimit, errBusy)
	defer cancel()
	result := make(chan figures, 1)
	if err := d.loop.Post(func() { result <- d.figures() }); err != nil {
		return figures{}, err
	}
	select {
	case f := <-result:
		return f, nil
	case <-ctx.Done():
		return figures{}, context.Cause(ctx)
	}
}

func metricsHandler(snapshot func(context.Context) (figures, error)) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		f, err := snapshot(r.Context())
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		var b bytes.Buffer
		f.write(&b)
		_, _ = w.Write(b.Bytes()) // nothing can be done about who does not read
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "ed router: /metrics has the figures\n")
	})
	return mux
}

// figures are what the metrics tell, of one moment.
type figures struct {
	rules   rules.Stats
	kinds   [rules.Datagram + 1]int // clients
	counts  counts
	loop    reactor.Stats
	uptime  time.Duration
	server  string
	up, all bool // the cluster
	refused uint64
	starved uint64
	secret  uint64 // datagrams without the secret_code
	cut     uint64 // datagrams that were too long
	queued  int    // bytes that wait for clients
	lostLog uint64
}

// figures gathers them, on the loop: a few nanoseconds for each client.
func (d *daemon) figures() figures {
	f := figures{rules: d.rules.Stats(), counts: d.counts, loop: d.loop.Stats(), uptime: time.Since(d.began), server: d.setup.serverName, lostLog: d.sink.lost.Load()}
	f.up, f.all, _, _ = d.rules.Cluster()
	for c := range d.rules.Clients() {
		f.kinds[c.Origin().Kind]++
		if n, ok := c.Conn().(*client); ok {
			f.queued += n.wire.Conn.Queued()
		}
	}
	f.refused, f.starved = d.turnedAway()
	f.secret = d.datagram.Stats().Refused
	for _, s := range d.sockets {
		f.cut += s.Stats().Truncated
	}
	return f
}

// write prints the figures in the text form of Prometheus.
func (f *figures) write(w io.Writer) {
	metric := func(name, kind, help string, value any) {
		fmt.Fprintf(w, "# HELP ed_router_%s %s\n# TYPE ed_router_%s %s\ned_router_%s %v\n", name, help, name, kind, name, value)
	}
	count := func(name, help string, value uint64) { metric(name+"_total", "counter", help, value) }
	gauge := func(name, help string, value any) { metric(name, "gauge", help, value) }
	s := &f.rules
	fmt.Fprintf(w, "# HELP ed_router_info What this router is called.\n# TYPE ed_router_info gauge\ned_router_info{server=%q} 1\n", f.server)
	gauge("uptime_seconds", "Seconds since the start.", f.uptime.Seconds())
	fmt.Fprint(w, "# HELP ed_router_clients Connections now.\n# TYPE ed_router_clients gauge\n")
	for k := range rules.Datagram {
		fmt.Fprintf(w, "ed_router_clients{kind=%q} %d\n", k.String(), f.kinds[k])
	}
	gauge("services", "Services registered now.", s.Services)
	gauge("routers", "Other routers connected now.", s.Routers)
	gauge("neighbors", "Other routers known.", s.Neighbors)
	gauge("cluster_up", "1: there is a quorum.", one(f.up))
	gauge("cluster_complete", "1: all routers that are known are connected.", one(f.all))
	gauge("cache_messages", "Messages that wait for their service.", s.CacheMessages)
	gauge("cache_bytes", "Bytes of them.", s.CacheBytes)
	gauge("queued_bytes", "Bytes that wait for clients to read them.", f.queued)
	gauge("waiting_reports", "Messages about which other routers may still report.", s.Waiting)
	count("connections_opened", "Connections.", s.Opened)
	count("connections_closed", "Connections that ended.", s.Closed)
	count("connections_refused", "Connections over a limit, or from where none may come.", f.refused)
	count("connections_starved", "Connections closed because no descriptor was left.", f.starved)
	count("connections_failed", "Connections that ended before they could be used.", f.counts.failed)
	count("datagrams", "Messages that came in datagrams.", s.Packets)
	count("datagrams_refused", "Datagrams dropped because their secret_code was wrong or missing.", f.secret)
	count("datagrams_too_long", "Datagrams dropped because they were longer than 65536 bytes.", f.cut)
	count("registrations", "Services that came up or went down.", s.Registrations)
	count("messages_forwarded", "Messages given to the service of this node that they name.", s.Forwarded)
	count("messages_relayed", "Messages given to other routers.", s.Relayed)
	count("messages_broadcast", "Messages for all services.", s.Broadcasts)
	count("messages_delivered", "Copies of those given to services.", s.Delivered)
	count("messages_undelivered", "Messages that reached nobody.", s.Undelivered)
	count("messages_refused", "Messages that were answered with INVALID.", s.Refused)
	count("messages_malformed", "Lines and packets that were no message.", f.counts.malformed)
	count("messages_duplicate", "Messages that were old, or here before.", s.Duplicates)
	count("messages_lost", "Messages lost with the connection of who should get them.", s.Lost)
	count("messages_uncertain", "Messages that may have been lost with it.", s.Uncertain)
	count("messages_over_rate", "Messages refused because a client sent too many.", s.OverRate)
	count("cached", "Messages that waited for their service.", s.Cached)
	count("cache_refused", "Messages for which the cache had no room.", s.CacheRefused)
	count("cache_expired", "Messages that waited in vain.", s.Expired)
	count("reports", "Reports to senders.", s.Reports)
	count("reloads", "Times that the configuration was read again.", f.counts.reloads)
	count("log_lost", "Log records that were not written.", f.lostLog)
	count("loop_turns", "Turns of the event loop.", f.loop.Turns)
	count("loop_panics", "Panics that were survived.", f.loop.Panics)
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}
