package link

import (
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport"
)

// Client is the connecting role: one link to one peer. It is the transport.Handler to give to open.Dial, and a
// dispatch.Sender. It does not connect again after the end: that is what a permanent link is for.
type Client struct {
	shared *shared
	link   *Link
}

// NewClient returns a client that is not connected.
func NewClient(o Options) *Client {
	c := &Client{shared: newShared(o)}
	c.shared.owner = c
	return c
}

// Link is the link, nil until open.Dial returned to the loop and OnOpen was called.
func (c *Client) Link() *Link { return c.link }

// Send queues m. It returns transport.ErrClosed while there is no connection.
func (c *Client) Send(m *message.Message) error {
	if c.link == nil {
		return transport.ErrClosed
	}
	return c.link.Send(m)
}

// Stats is a copy of the counters.
func (c *Client) Stats() Stats { return c.shared.stats }

// OnOpen is called by the transport; from then on the link itself is the handler.
func (c *Client) OnOpen(conn transport.Conn) {
	c.link = newLink(conn, c.shared)
	conn.SetHandler(c.link)
	c.link.OnOpen(conn)
}

// OnData, OnDrain and OnClose are called by the transport only while no link is open.
func (c *Client) OnData(conn transport.Conn, p []byte) {}

// OnDrain does nothing: see OnData.
func (c *Client) OnDrain(conn transport.Conn) {}

// OnClose tells that connecting failed.
func (c *Client) OnClose(conn transport.Conn, err error) {
	if f := c.shared.options.OnClose; f != nil {
		f(newLink(conn, c.shared), err)
	}
}

func (c *Client) opened(l *Link) {
	c.shared.stats.Links++
	c.shared.stats.Opened++
}

func (c *Client) closed(l *Link, err error) {
	if c.link == l {
		c.shared.stats.Links--
		c.link = nil
	}
}

var _ dispatch.Sender = (*Client)(nil)
