package dgram

import (
	"github.com/ed-toolbox/ed/core/reactor"
	"golang.org/x/sys/unix"
)

// ear is a second descriptor that a Conn receives by. What comes there is handed over as
// if it had come to the first; everything is sent by the first.
type ear struct {
	c      *Conn
	fd     int
	source reactor.Source
}

// ReceiveBy has c receive by fd, too: the same kind of socket under another name. It
// belongs to c then; with an error it is still the caller's.
func (c *Conn) ReceiveBy(fd int) error {
	e := &ear{c: c, fd: fd}
	src, err := c.loop.Add(fd, e, reactor.SourceOptions{Name: c.cfg.Name, Kind: c.cfg.Scheme.String(), Interest: c.wanted() & reactor.Read})
	if err != nil {
		return err
	}
	e.source, c.ear = src, e
	return nil
}

// OnReady implements reactor.Handler.
func (e *ear) OnReady(reactor.Source, reactor.Interest) {
	c := e.c
	c.read(e.fd)
	c.flush()
	c.settle()
}

// OnPanic implements reactor.Panicker.
func (e *ear) OnPanic(s reactor.Source, err error) { e.c.OnPanic(s, err) }

func (e *ear) close() {
	e.source.Remove()
	_ = unix.Close(e.fd)
}
