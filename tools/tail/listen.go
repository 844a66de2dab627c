package tail

import (
	"context"
	"errors"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/service"
)

// closeTimeout is how long a peer that does not read can keep us from ending.
const closeTimeout = 2 * time.Second

// listening is one run of `ed listen`. All of it belongs to the goroutine of its loop.
type listening struct {
	listenOptions
	env  *toolkit.Env
	out  *toolkit.Output
	loop *reactor.Loop

	server    *link.Server
	packets   *link.Datagram
	listeners []transport.Listener
	sockets   []transport.PacketConn
	clients   []*link.Client
	routed    *service.Service // with --service
	taken     bool             // the router has registered it, be it earlier
	conns     []transport.Conn // of the clients
	dialled   int              // connections, or attempts at one, that have not ended; with --connect
	connected int              // of the clients, whether they still are or not
	failure   error

	show     printer
	screen   sink
	recorder *recorder // nil: none
	runner   *runner   // nil: none
	flushing bool      // OnTurnEnd will be called

	sum     tally
	seen    int
	labels  map[address.Address]string // of packet senders
	text    []byte                     // the message in hand, canonical
	answer  message.Message
	active  time.Time // when something last came
	began   time.Time
	timers  []reactor.Timer
	warned  warnings
	over    bool
	verdict error
}

// listen runs until it is told to end. What it returns is why, if that is an error.
func listen(ctx context.Context, env *toolkit.Env, o listenOptions) error {
	loop, err := reactor.New(reactor.Options{Name: "listen"})
	if err != nil {
		return err
	}
	defer loop.Close()
	if env.OutliveReader != nil {
		env.OutliveReader() // there are socket files to remove
	}
	l := &listening{listenOptions: o, env: env, out: env.Output(o.Common), loop: loop}
	l.show = printer{form: o.form, stamps: o.stamps, hexdump: o.hexdump, terminal: env.Stdout.TTY, paint: l.out.Paint}
	l.screen.w = env.Stdout
	if o.record.path != "" {
		if l.recorder, err = openRecorder(ctx, o.record, o.Timeout); err != nil {
			return err
		}
	}
	l.prepare()
	if err := l.open(); err != nil {
		l.finish(err)
		l.out.Quiet = true // nothing happened that could be summed up
	}
	defer context.AfterFunc(ctx, func() {
		// A loop that is closed has ended already.
		_ = loop.Post(func() { l.interrupt(context.Cause(ctx)) })
	})()
	l.arm()
	if err := loop.Run(context.Background()); err != nil {
		return err
	}
	return l.end()
}

func (l *listening) prepare() {
	o := link.Options{
		Dispatcher: (*tap)(l), Limit: l.maxLine, Mute: true,
		OnOpen: l.opened, OnClose: l.closed, OnMalformed: l.malformed,
	}
	l.server = link.NewServer(o)
	l.packets = link.NewDatagram(o, l.packetError)
	l.began, l.active = l.loop.Now(), l.loop.Now()
	l.warned.out = l.out
	if len(l.on) > 0 {
		ctx, kill := context.WithCancel(context.Background())
		l.runner = &runner{
			loop: l.loop, most: l.onMost, limit: l.onTimeout, reply: l.onReply, stderr: l.env.Stderr.Writer,
			done: l.ran, idle: l.drained, ctx: ctx, kill: kill,
		}
	}
}

// open binds or dials every address; the first that cannot be ends the command.
func (l *listening) open() error {
	for _, a := range l.where {
		var err error
		switch {
		case a.IsDatagram():
			err = l.openPackets(a)
		case l.connect:
			err = l.dial(a)
		default:
			err = l.bind(a)
		}
		if err != nil {
			return err
		}
	}
	if l.service.name != "" {
		return l.register()
	}
	return nil
}

func (l *listening) transportOptions() transport.Options {
	return transport.Options{CloseTimeout: closeTimeout, Logger: l.warned.logger()}
}

func (l *listening) bind(a address.Address) error {
	listener, err := l.env.Open().Listen(l.loop, a, l.transportOptions(), l.server.Accept)
	if err != nil {
		return err
	}
	l.listeners = append(l.listeners, listener)
	l.out.Say("listening on %s", listener.Addr())
	return nil
}

func (l *listening) dial(a address.Address) error {
	o := link.Options{
		Dispatcher: (*tap)(l), Limit: l.maxLine, Mute: true,
		OnOpen: l.opened, OnMalformed: l.malformed,
		OnClose: func(lk *link.Link, err error) {
			l.closed(lk, err)
			l.hungUp(err)
		},
	}
	client := link.NewClient(o)
	conn, err := l.env.Open().Dial(l.loop, a, l.transportOptions(), client)
	if err != nil {
		return err
	}
	l.clients, l.conns = append(l.clients, client), append(l.conns, conn)
	l.dialled++
	return nil
}

func (l *listening) openPackets(a address.Address) error {
	o := l.transportOptions()
	if a.Scheme == address.UDP {
		o.MaxPacket = l.maxDatagram
		l.group.Set(&o)
	}
	local, remote := a, address.Address{}
	if l.connect {
		local, remote = remote, local
	}
	socket, err := l.env.Open().Packet(l.loop, local, remote, o, l.packets)
	if err != nil {
		return err
	}
	l.sockets = append(l.sockets, socket)
	if l.connect {
		l.out.Say("connected to %s", a)
		l.greetPackets(socket)
	} else {
		l.out.Say("listening on %s", socket.Local())
	}
	return nil
}

// arm sets the timers of --timeout and --idle.
func (l *listening) arm() {
	if l.over {
		return
	}
	if l.Timeout > 0 {
		l.timers = append(l.timers, l.loop.After(l.Timeout, "timeout", func() { l.timeUp("in " + l.Timeout.String()) }))
	}
	if l.idle > 0 {
		var timer reactor.Timer
		timer = l.loop.After(l.idle, "idle", func() {
			if left := l.idle - l.loop.Now().Sub(l.active); left > 0 {
				timer.Reset(left)
				return
			}
			l.timeUp("when nothing came for " + l.idle.String())
		})
		l.timers = append(l.timers, timer)
	}
}

// opened is called for every connection that can be used.
func (l *listening) opened(lk *link.Link) {
	if l.connect {
		l.connected++
		l.out.Say("connected to %s", lk.Conn().Remote())
	} else {
		l.out.Detail(1, "link %d from %s: opened", lk.ID(), l.labelOf(lk))
	}
	for _, m := range l.greet {
		l.send(lk, l.labelOf(lk), lk.ID(), m)
	}
}

func (l *listening) closed(lk *link.Link, err error) {
	l.sum.cut += lk.Conn().Stats().Truncated
	how := "closed"
	if err != nil && !l.over {
		how = toolkit.Escape(err.Error())
	}
	l.out.Detail(1, "link %d to %s: %s", lk.ID(), l.labelOf(lk), how)
}

// hungUp is called when a dialled connection ended, or did not come about. Without any left there is nothing to wait for.
func (l *listening) hungUp(err error) {
	l.dialled--
	if err != nil && l.failure == nil && !errors.Is(err, transport.ErrClosed) {
		l.failure = err
	}
	if l.dialled == 0 && len(l.sockets) == 0 && !l.over {
		l.finish(l.peersGone())
	}
}

// packetError tells of packets that the network refused, which does no harm to the socket.
func (l *listening) packetError(err error) { l.warned.once("packet socket", err.Error()) }
