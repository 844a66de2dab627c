package dgram

import (
	"hash/maphash"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/transport/internal/sockaddr"
)

// namesKept is how many senders a socket remembers, each in the one place that its
// bytes lead to.
const namesKept = 64

// names remembers what addresses of senders decode to. The zero value is empty.
type names struct {
	seed  maphash.Seed
	known *[namesKept]name
}

type name struct {
	raw  sockaddr.Raw
	addr address.Address
}

func (n *names) find(r *sockaddr.Raw, s address.Scheme) address.Address {
	if n.known == nil {
		n.seed, n.known = maphash.MakeSeed(), new([namesKept]name)
	}
	k := &n.known[maphash.Bytes(n.seed, r.Bytes())%namesKept]
	if k.raw.Equal(r) && !k.raw.IsZero() {
		return k.addr
	}
	a := r.Address(s)
	if s.IsUnix() && a.Path == "" {
		a = address.Address{} // a sender without a name
	}
	k.raw, k.addr = *r, a
	return a
}
