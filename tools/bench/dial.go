package bench

import (
	"fmt"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/transport"
)

// atOnce is how many connections of a worker are being opened at a time: more would only fill the listener's backlog.
const atOnce = 64

// connect opens the worker's connections.
func (w *worker) connect() {
	p := w.plan
	w.loop.Hold() // until Stop, also while there is no connection
	for i := range w.share.count {
		script := p.script
		if p.routed() {
			var err error
			if script, err = p.routedScript(w.share.first + i); err != nil {
				w.fail(err)
				return
			}
		}
		c := newClient(w, w.share.first+i, script)
		w.clients = append(w.clients, c)
		if p.kind == kindConnect {
			c.open = true
			continue
		}
		w.unopened = append(w.unopened, func() error { return w.dial(c) })
		if p.routed() {
			for k := range p.receivers() {
				r := newReceiver(c, k)
				w.unopened = append(w.unopened, r.dial)
			}
		}
	}
	for range w.share.idle {
		w.unopened = append(w.unopened, w.dialIdle)
	}
	w.dialMore()
}

// dialMore goes on opening connections.
func (w *worker) dialMore() {
	for w.phase == connecting && w.opening < atOnce && len(w.unopened) > 0 {
		dial := w.unopened[0]
		w.unopened = w.unopened[1:]
		w.opening++
		w.alive++
		if err := dial(); err != nil {
			w.fail(err)
			return
		}
	}
	if w.phase == connecting && w.opening == 0 {
		w.phase = waiting
		w.report(event{worker: w.index, ready: true})
	}
}

// media are the options of each connection.
func (w *worker) media() transport.Options {
	p := w.plan
	o := transport.Options{ConnectTimeout: p.connectIn, LowMark: 2 * batch, QueuePackets: max(transport.DefaultQueuePackets, p.window)}
	if p.target.Scheme == address.UDP {
		o.MaxPacket = p.maxDatagram
	}
	if p.oneWay() {
		o.LowMark, o.QueuePackets = 64<<10, 256
		if p.target.IsDatagram() {
			o.HighMark = 96 << 10 // with more of them the queue gives its memory back each time that it is empty
		}
	}
	return o
}

func (w *worker) dial(c *client) (err error) {
	if w.plan.target.IsDatagram() {
		c.packets = true
		c.packet, err = w.plan.open.Packet(w.loop, address.Address{}, w.plan.target, w.media(), packetClient{c})
	} else {
		var h transport.Handler = c
		if w.plan.routed() {
			h = &registrar{w: w, name: w.plan.serviceName(c.id, senderRole), then: c, opened: c.opened}
		}
		c.conn, err = w.plan.open.Dial(w.loop, w.plan.target, w.media(), h)
		c.packets = err == nil && transport.KeepsPackets(c.conn)
	}
	if err != nil {
		return err
	}
	if c.echoes = newEchoes(c); c.echoes == nil {
		c.remember()
	}
	return nil
}

// opened counts a connection that can be used.
func (w *worker) opened() {
	w.opening--
	w.dialMore()
}

// closed deals with the end of a connection.
func (w *worker) closed(c *client, was bool, err error) {
	w.alive--
	switch {
	case w.phase == done:
		w.stopIfClosed()
		return
	case !was:
		if err == nil {
			err = transport.ErrClosed
		}
		w.fail(fmt.Errorf("connection %d: %w", c.id+1, err))
		return
	case err == nil:
		err = toolkit.Errorf(toolkit.Unavailable, "the service closed the connection")
	}
	if w.phase == waiting {
		w.fail(err)
		return
	}
	w.now.failure(err)
	w.time = w.clock()
	if !w.plan.oneWay() {
		c.loseAll()
	}
	for _, c := range w.clients {
		if c.open {
			w.settle(c)
			return
		}
	}
	w.interrupt() // nobody is left
}

// idler is a connection that does nothing.
type idler struct {
	w    *worker
	conn transport.Conn
}

func (w *worker) dialIdle() (err error) {
	i := &idler{w: w}
	w.idle = append(w.idle, i)
	i.conn, err = w.plan.open.Dial(w.loop, w.plan.target, transport.Options{ConnectTimeout: w.plan.connectIn}, i)
	return err
}

// OnOpen implements transport.Handler.
func (i *idler) OnOpen(transport.Conn) { i.w.opened() }

// OnData implements transport.Handler.
func (i *idler) OnData(transport.Conn, []byte) {}

// OnDrain implements transport.Handler.
func (i *idler) OnDrain(transport.Conn) {}

// OnClose implements transport.Handler.
func (i *idler) OnClose(_ transport.Conn, err error) {
	w := i.w
	w.alive--
	switch w.phase {
	case done:
		w.stopIfClosed()
	case connecting:
		if err == nil {
			err = transport.ErrClosed
		}
		w.fail(fmt.Errorf("idle connection: %w", err))
	default:
		if err == nil {
			err = fmt.Errorf("the service closed an idle connection")
		}
		w.now.failure(err)
	}
}
