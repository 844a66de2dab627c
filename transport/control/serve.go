package control

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/proc"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/open"
)

// Dispatcher is what a process does with messages; *dispatch.Dispatcher satisfies it.
type Dispatcher interface {
	inspect.Traced
	// Dispatch gets the default commands that visitors send; m is borrowed until it returns.
	Dispatch(from dispatch.Sender, m *message.Message) dispatch.Outcome
}

// Links are connections to be shown; *link.Server satisfies it.
type Links interface {
	Links() iter.Seq[*link.Link]
}

// Options of Serve. The zero value serves the tables of the loop and the process.
type Options struct {
	// Name of the service, a part of the socket's name; empty: that of the program.
	Name string
	// Version of the program; empty: what the build says.
	Version string
	// Dispatcher whose messages can be watched, and whose handlers get the default commands.
	Dispatcher Dispatcher
	// Server whose links are shown.
	Server Links
	// Link that lasts, such as that of a service to its router: it is shown with its queue.
	Link *link.Permanent
	// Tables to show beside those that every process has.
	Tables []inspect.Table
	// Path of the socket; empty: NAME.PID.sock in Dir().
	Path string
	// Owner of the socket file: the user that the process becomes later. Empty: ours.
	Owner string
	// Group whose members may look, too: a name or a number. Empty: only our user and root.
	Group string
	// Logger hears of visitors that were refused. Nil: slog.Default().
	Logger *slog.Logger
}

// Bounds of what visitors may have.
const (
	maxConns     = 256
	maxWatches   = 8
	maxSnapshots = 16
)

// Control is a control socket. All methods belong to the loop's goroutine.
type Control struct {
	loop       *reactor.Loop
	options    Options
	log        *slog.Logger
	listener   transport.Listener
	server     *link.Server
	away       *link.Server // visitors for whom there is no place
	leaving    int          // visitors that lose theirs at the end of this turn
	full       bool         // it was said that all places are taken
	commands   *dispatch.Dispatcher
	catalog    inspect.Catalog
	tracer     *inspect.Tracer
	links      []Links
	permanents []permanent
	entries    []*dispatch.Dispatcher
	system     proc.System
	began      time.Time
	ends       map[uint64]*ends // of the links that were shown last; nil while nobody is connected
}

type permanent struct {
	name string
	p    *link.Permanent
}

// Serve opens the control socket of this process. It touches the file system, once.
func Serve(loop *reactor.Loop, o Options) (*Control, error) {
	c := &Control{loop: loop, options: o, log: o.Logger, began: time.Now()}
	if c.log == nil {
		c.log = slog.Default()
	}
	c.options.Name = cmp.Or(o.Name, filepath.Base(os.Args[0]))
	mono, now := proc.Monotonic(), time.Now()
	c.tracer = inspect.NewTracer(inspect.TracerOptions{
		Mono:  func(t time.Time) time.Duration { return mono + t.Sub(now) },
		After: func(d time.Duration, f func()) { loop.After(d, "watchers", f) },
	})
	if err := c.addCommands(); err != nil {
		return nil, fmt.Errorf("open control socket: %w", err)
	}
	if err := c.addTables(); err != nil {
		return nil, fmt.Errorf("open control socket: %w", err)
	}
	if o.Dispatcher != nil {
		c.AddDispatcher(o.Dispatcher)
	}
	if o.Server != nil {
		c.AddLinks(o.Server)
	}
	if o.Link != nil {
		c.AddPermanent("link", o.Link)
	}
	c.server = link.NewServer(link.Options{Dispatcher: desk{c.commands}, OnOpen: c.opened, OnClose: c.closed, OnDrain: func(l *link.Link) { sessionOf(l).later() }})
	c.away = link.NewServer(link.Options{OnOpen: c.turnAway, Mute: true})
	if err := c.listen(); err != nil {
		return nil, fmt.Errorf("open control socket: %w", err)
	}
	return c, nil
}

// Offer is Serve for a service that runs as well without: where no socket can be made it says so in the log and returns
// nil, which can be closed.
//
//	defer control.Offer(loop, control.Options{Name: "echo", Dispatcher: commands, Server: server}).Close()
func Offer(loop *reactor.Loop, o Options) *Control {
	c, err := Serve(loop, o)
	if err != nil {
		cmp.Or(o.Logger, slog.Default()).Warn("nobody can look into this process", "error", err)
		return nil
	}
	return c
}

// listen finds a free name.
func (c *Control) listen() error {
	options := transport.Options{Name: "control", Mode: 0o600, LowMark: 256 << 10, Background: true}
	options.Owner = c.options.Owner
	if c.options.Group != "" {
		options.Mode, options.Group = 0o660, c.options.Group
	}
	bind := func(path string) (err error) {
		c.listener, err = open.Listen(c.loop, address.FromUnix(address.Unix, path), options, c.accept)
		return err
	}
	if c.options.Path != "" {
		return bind(c.options.Path)
	}
	dir := Dir()
	if err := makeDir(dir); err != nil {
		return err
	}
	sweep(dir, c.options.Name)
	var err error
	for n := range 32 { // a process may have many loops
		if err = bind(filepath.Join(dir, fileName(c.options.Name, os.Getpid(), n))); !errors.Is(err, syscall.EADDRINUSE) {
			return err
		}
	}
	return err
}

// accept lets our user and root in; with a group the mode of the file has decided already.
func (c *Control) accept(conn transport.Conn) transport.Handler {
	who, ok := conn.Peer()
	if !ok || c.options.Group == "" && who.UID != 0 && int(who.UID) != os.Geteuid() {
		c.log.Warn("visitor of the control socket was refused", "uid", who.UID, "pid", who.PID)
		return nil
	}
	return c.place(conn)
}

// Path is that of the socket.
func (c *Control) Path() string { return c.listener.Addr().Path }

// Tracer is what visitors watch through; others may watch, too.
func (c *Control) Tracer() *inspect.Tracer { return c.tracer }

// AddTable shows a table until remove is called.
func (c *Control) AddTable(t inspect.Table) (remove func(), err error) { return c.catalog.Add(t) }

// AddDispatcher has the messages of one more dispatcher watched.
func (c *Control) AddDispatcher(d inspect.Traced) {
	c.tracer.Add(d)
	if e, ok := d.(*dispatch.Dispatcher); ok {
		c.entries = append(c.entries, e)
	}
}

// AddLinks shows more connections.
func (c *Control) AddLinks(l Links) { c.links = append(c.links, l) }

// AddPermanent shows a link that lasts, with its queue.
func (c *Control) AddPermanent(name string, p *link.Permanent) {
	c.permanents = append(c.permanents, permanent{name, p})
}

// Close ends all visits and removes the socket file. It may be called when the loop has ended, but before its Close, and
// on nil.
func (c *Control) Close() error {
	if c == nil {
		return nil
	}
	for l := range c.away.Links() {
		l.Abort(nil)
	}
	for l := range c.server.Links() {
		sessionOf(l).end()
		if c.loop.OnLoop() {
			l.Close()
		} else {
			l.Abort(nil) // nobody would finish a close in good order
		}
	}
	err := c.listener.Close()
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it is gone, as it should
	}
	return err
}

// opened is the beginning of a visit.
func (c *Control) opened(l *link.Link) {
	now := c.loop.Now()
	l.SetValue(&session{control: c, link: l, came: now, progress: now})
}

// closed is the end of a visit.
func (c *Control) closed(l *link.Link, _ error) {
	s := sessionOf(l)
	s.end()
	if s != nil && s.leaving {
		c.leaving--
	} else {
		c.full = false
	}
	if c.server.Stats().Links == 0 {
		c.ends = nil
	}
}

func sessionOf(l *link.Link) *session {
	s, _ := l.Value().(*session)
	return s
}
