package router

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/proc"
	"github.com/ed-toolbox/ed/core/reactor"
	rules "github.com/ed-toolbox/ed/core/router"
	"github.com/ed-toolbox/ed/core/signals"
	"github.com/ed-toolbox/ed/core/watch"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/control"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/open"
)

// daemon is one run of the router. All of it belongs to the goroutine of its loop.
type daemon struct {
	env     *toolkit.Env
	o       options
	setup   *setup
	loop    *reactor.Loop
	rules   *rules.Router
	log     *slog.Logger
	level   slog.LevelVar
	sink    *sink
	notify  *notifier
	signals *watch.SignalWatch
	store   *store
	opener  open.Opener

	servers   [rules.Datagram]*link.Server // by kind, for new connections
	datagram  *link.Datagram
	listeners []transport.Listener
	sockets   []transport.PacketConn
	inherited map[string]bool
	fixed     map[string]string // settings that last as long as the process
	folders   []string          // made for sockets
	user      *proc.Identity    // whom root is to become; nil: nobody
	learned   []address.Address // routers known from the last run
	metrics   *metrics
	control   *control.Control // nil: none

	hooks dispatch.Hooks  // of those who watch
	came  []byte          // the message in hand as it came, while somebody watches
	seen  message.Message // the same, to be shown

	crowd   crowd
	hand    *client // whose message is in hand
	jams    map[*client]*jam
	jamTime time.Duration
	dials   map[*dialing]transport.Conn // connections to other routers that are being made
	counts  counts
	load    float64 // of this host
	tick    reactor.Timer
	routers reactor.Timer // looks at other routers
	clock   *watch.Task   // looks whether the clock is right; nil before
	began   time.Time
	stopAt  time.Time // when it began to stop
	rotated time.Time // when it was last logged that the log file was opened anew
	ready   bool      // all was opened
	ended   bool      // the loop is told to end
}

// counts are what nobody else counts.
type counts struct {
	malformed uint64 // lines and packets that were no message
	unwelcome uint64 // connections from where none may come
	failed    uint64 // connections that ended before they could be used
	reloads   uint64
	lostLog   uint64 // log records, as far as they were told
	refused   uint64 // connections that listeners refused, likewise
}

// run is one run of the router, until it is told to stop.
func run(ctx context.Context, env *toolkit.Env, o options) (err error) {
	s, err := load(env, o.given, o.files)
	if err != nil {
		return err
	}
	loop, err := reactor.New(reactor.Options{Name: "router"})
	if err != nil {
		return err
	}
	defer loop.Close()
	defer lean(env.Getenv)()
	d := &daemon{env: env, o: o, setup: s, loop: loop, inherited: map[string]bool{}, dials: map[*dialing]transport.Conn{}, jams: map[*client]*jam{}, jamTime: jamTime, began: time.Now()}
	d.fixed = fixedOf(s)
	if err := d.openLog(); err != nil {
		return err
	}
	defer d.unwatch()
	defer d.sink.Close(lastRecords)
	d.notify = newNotifier(env.Getenv)
	defer d.notify.close(lastRecords)
	defer d.closeAll()
	if err := d.start(); err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() {
		// A loop that is closed has ended already.
		_ = loop.Post(func() { d.asked("the context of the command") })
	})()
	d.notify.ready(d.status())
	if o.started != nil {
		o.started(d)
	}
	return loop.Run(context.Background())
}

// lastRecords is how long the end waits for a log or a systemd that does not take what it is told.
const lastRecords = 2 * time.Second

func (d *daemon) openLog() (err error) {
	s := d.setup
	if d.sink, err = openSink(s.logFile, d.env.Stderr); err != nil {
		return toolkit.WithHint(toolkit.As(toolkit.CantCreate, fmt.Errorf("log_file: %w", err)), "--log-file FILE takes another; without it the log goes to standard error")
	}
	d.level.Set(levelOf(s.logLevel))
	d.log = newLogger(d.sink, formatOf(s.logFormat, s.logFile, d.env.Getenv), &d.level)
	for _, text := range s.warnings {
		d.log.Warn(text)
	}
	return nil
}

// start opens everything, in an order that leaves nothing behind when something fails.
func (d *daemon) start() error {
	var err error
	if err = d.findUser(); err != nil {
		return err
	}
	if d.opener, err = openerOf(d.setup); err != nil {
		return err
	}
	d.raiseLimit()
	if err := d.setup.checkMine(d.loop); err != nil {
		return err
	}
	d.makeData()
	d.store = newStore(d.loop, d.log, d.setup.dataPath)
	if d.rules, err = rules.New(d.options(d.setup), d, d.env.Now()); err != nil {
		return toolkit.As(toolkit.Config, err)
	}
	for kind := range d.servers {
		d.servers[kind] = d.newServer(rules.Kind(kind))
	}
	d.datagram = d.newDatagram()
	if err := d.inheritAll(d.o.inherit()); err != nil {
		return err
	}
	if err := d.bind(); err != nil {
		return err
	}
	if err := d.openMetrics(); err != nil {
		return err
	}
	if err := d.watchSignals(); err != nil {
		return err
	}
	d.offer()
	if err := d.become(); err != nil {
		return err
	}
	d.arm()
	d.ready = true
	d.log.Info("router is ready", "server", d.setup.serverName, "my_address", d.setup.mine.HostPort(), "pid", os.Getpid())
	return nil
}

// raiseLimit allows as many descriptors as the system does.
func (d *daemon) raiseLimit() {
	limit, err := proc.FDLimit()
	if err == nil && limit.Soft < limit.Hard {
		err = proc.SetFDLimit(limit.Hard)
	}
	if err != nil {
		d.log.Warn("limit of open files stays", "error", err)
	}
}

// watchSignals takes the signals over from the main program, for which the first of them would be the end. A log that nobody
// reads any more is no reason to end either.
func (d *daemon) watchSignals() error {
	w, err := watch.Signals(d.loop, d.signalled, watch.SignalOptions{}, signals.INT, signals.TERM, signals.HUP, signals.PIPE)
	if err != nil {
		return err
	}
	d.signals = w
	if d.env.Claim != nil {
		d.env.Claim(signals.INT, signals.TERM, signals.HUP)
	}
	return nil
}

// unwatch gives the signals back, last of all.
func (d *daemon) unwatch() {
	if d.signals != nil {
		d.signals.Close()
	}
}

// again is how long after a signal to stop another one counts as a second: shells and systemd send the same one twice.
const again = 500 * time.Millisecond

func (d *daemon) signalled(sig signals.Signal, _ int) {
	stopping, _ := d.rules.Stopped()
	switch {
	case sig == signals.HUP:
		d.reload()
	case sig != signals.INT && sig != signals.TERM:
	case stopping && d.loop.Now().Sub(d.stopAt) < again:
	case stopping:
		d.log.Warn("told to stop again: messages that wait are lost")
		d.rules.Stop(false)
		d.end()
	default:
		d.asked(signals.Name(sig))
	}
}

// arm starts the clock of the rules and what else comes regularly.
func (d *daemon) arm() {
	d.tick = d.loop.After(0, "rules", d.ticked)
	d.loop.Every(tellEvery, "status", func(int) { d.tell() })
	d.askUnread()
	d.sweep()
	if !ownGC(d.env.Getenv) {
		t := newTidier()
		d.loop.Every(tellEvery, "tidy", func(int) { d.tidy(t) })
	}
	d.loop.Every(time.Minute, "clock", func(int) { d.lookAtClock() })
	d.lookAtClock()
	if d.notify.pulse > 0 {
		d.loop.Every(d.notify.pulse, "watchdog", func(int) { d.notify.alive() })
	}
}

// tellEvery is how often systemd is told how things are.
const tellEvery = 5 * time.Second

func (d *daemon) ticked() {
	now := d.env.Now()
	next := now.Add(time.Second)
	defer func() { // even after a panic: without their clock the rules forget nothing and dial nobody
		d.tick = d.loop.After(min(max(next.Sub(now), time.Millisecond), time.Second), "rules", d.ticked)
	}()
	next = d.rules.Tick(now)
	d.checkDone()
}

// Wake implements rules.Waker.
func (d *daemon) Wake(at time.Time) { d.tick.Reset(max(at.Sub(d.env.Now()), 0)) }

// tell tells systemd how things are, and the log what it did not get.
func (d *daemon) tell() {
	if lost := d.sink.lost.Load(); lost > d.counts.lostLog {
		d.log.Warn("log records were lost: they could not be written, or not fast enough", "count", lost-d.counts.lostLog)
		d.counts.lostLog = lost
	}
	if refused, _ := d.turnedAway(); refused > d.counts.refused {
		d.log.Warn("connections were refused: there are too many, or they came from where none may come", "count", refused-d.counts.refused)
		d.counts.refused = refused
	}
	d.notify.status(d.status())
}

// turnedAway is how many connections listeners refused, and how many they had no descriptor for.
func (d *daemon) turnedAway() (refused, starved uint64) {
	for _, l := range d.listeners {
		s := l.Stats()
		refused += s.Refused
		starved += s.Starved
	}
	return refused, starved
}

// status is what systemctl status shows.
func (d *daemon) status() string {
	s := d.rules.Stats()
	return fmt.Sprintf("%d services, %d clients, %d other routers, %d messages forwarded", s.Services, s.Clients, s.Routers, s.Forwarded)
}
