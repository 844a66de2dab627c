package link

import (
	"os"
	"strings"
	"syscall"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport"
)

const replyParameter = "reply_to"

// redirect has a packet answered where its reply_to says, which is for senders that do not
// read where they send from: C++ clients, and Unix sockets without a name. The rule is that
// nobody is sent anything by our means that its sender could not have sent there itself:
//
//   - UDP: any port of the host that the packet came from; an unspecified address means that host.
//   - Unix: an abstract name; a socket file of the sender's user; any socket file if the sender is root
//     or runs as our user. A process that replaces its socket file within the microseconds between this
//     look and the answer can still misdirect one answer.
//
// Otherwise the answer goes to the sender's own address. An address of this kind of socket is
// taken out of the message, used or not: it says nothing to the handler, and an answer that repeats the
// parameters must not carry it back. Anything else stays, as somebody's own parameter.
func (d *Datagram) redirect(m *message.Message, text string) {
	from := &d.from
	scheme := from.conn.Local().Scheme
	if scheme == address.None {
		scheme = from.address.Scheme
	}
	to, err := address.Parse(text, address.Defaults{Scheme: scheme, NoLookup: true})
	if err != nil || to.Scheme != scheme {
		return
	}
	m.Delete(replyParameter)
	switch {
	case scheme == address.UDP:
		from.reply = sameHost(to, from.address)
	case to.IsAbstract(), strings.HasPrefix(to.Path, "/") && d.mayName(to.Path):
		from.reply = to
	}
}

// sameHost is to as an address of the host that from is on, or zero.
func sameHost(to, from address.Address) address.Address {
	if to.Port == 0 || !from.IP.IsValid() {
		return address.Address{}
	}
	if ip := to.IP; ip.IsUnspecified() || ip == from.IP || ip == from.IP.WithZone("") {
		to.IP = from.IP
		return to
	}
	return address.Address{}
}

// mayName says whether the sender of the packet at hand may have it answered at a socket file.
func (d *Datagram) mayName(path string) bool {
	s, ok := d.from.conn.(transport.PacketSender)
	if !ok {
		return false
	}
	who, ok := s.Peer()
	if !ok {
		return false
	}
	if who.UID == 0 || int(who.UID) == os.Geteuid() {
		return true
	}
	info, err := os.Lstat(path)
	if err != nil || info.Mode().Type() != os.ModeSocket {
		return false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && st.Uid == who.UID
}
