package dgram

import (
	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/transport"
)

// SetHandler implements transport.PacketConn.
func (c *Conn) SetHandler(h transport.PacketHandler) { c.h = h }

// Local implements transport.PacketConn.
func (c *Conn) Local() address.Address { return c.cfg.Local }

// Remote implements transport.PacketConn.
func (c *Conn) Remote() address.Address { return c.cfg.Remote }

// ID implements transport.PacketConn.
func (c *Conn) ID() uint64 { return c.id }

// Queued implements transport.PacketConn.
func (c *Conn) Queued() int { return c.queue.len() }

// Stats implements transport.PacketConn.
func (c *Conn) Stats() transport.PacketStats {
	s := c.stats
	s.Queued, s.QueuedBytes = c.queue.len(), c.queue.bytes
	return s
}
