package open

import (
	"context"
	"errors"
	"net"
	"net/netip"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
)

// Resolver looks host names up; *net.Resolver is one. It is called on a
// goroutine of its own and must return soon after ctx ends.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// lookUp has the host of a looked up and calls done on the loop with all its
// addresses, even if it was cancelled. The loop is held meanwhile.
func (op Opener) lookUp(l *reactor.Loop, a address.Address, o transport.Options, done func([]address.Address, error)) (cancel func()) {
	ctx, cancel := deadline(o)
	l.Hold()
	go func() {
		defer cancel()
		found, err := op.resolve(ctx, a)
		_ = l.PostWait(func() { // a loop that is closed does not wait for it
			l.Release()
			done(found, err)
		})
	}()
	return cancel
}

// now looks the host of a up while the loop does not run yet.
func (op Opener) now(l *reactor.Loop, what string, a address.Address, o transport.Options) (address.Address, error) {
	if !a.NeedsLookup() {
		return a, nil
	}
	if l.OnLoop() {
		return a, &transport.OpError{Op: what, Addr: a, Err: errors.New("a running loop binds IP addresses only, not host names")}
	}
	ctx, cancel := deadline(o)
	defer cancel()
	found, err := op.resolve(ctx, a)
	if err != nil {
		return a, &transport.OpError{Op: "look up", Addr: a, Err: err}
	}
	return found[0], nil
}

// resolve returns at least one address, or an error.
func (op Opener) resolve(ctx context.Context, a address.Address) ([]address.Address, error) {
	r := op.Resolver
	if r == nil {
		r = net.DefaultResolver
	}
	ips, err := r.LookupNetIP(ctx, "ip", a.Host)
	switch {
	case ctx.Err() == context.DeadlineExceeded:
		return nil, transport.ErrTimeout
	case err != nil:
		return nil, plainly(err)
	case len(ips) == 0:
		return nil, errors.New("the host has no address")
	}
	found := make([]address.Address, len(ips))
	for i, ip := range ips {
		found[i] = a.WithIP(ip)
	}
	return interleave(found), nil
}

// plainly leaves the host's name out of an error that an OpError is put around, which has it already.
func plainly(err error) error {
	if dns, ok := err.(*net.DNSError); ok {
		return &unknownHost{dns}
	}
	return err
}

// unknownHost is a *net.DNSError in fewer words.
type unknownHost struct{ dns *net.DNSError }

func (e *unknownHost) Error() string {
	if e.dns.IsNotFound || e.dns.Server == "" {
		return e.dns.Err
	}
	return e.dns.Err + " (asked " + e.dns.Server + ")"
}

// As finds the *net.DNSError.
func (e *unknownHost) As(target any) bool {
	p, ok := target.(**net.DNSError)
	if ok {
		*p = e.dns
	}
	return ok
}

// interleave makes the two families take turns, beginning with that of the
// first address: a host whose one family leads nowhere is reached by the other
// without going through a whole list (RFC 8305 section 4).
func interleave(found []address.Address) []address.Address {
	var same, other []address.Address
	for _, a := range found {
		if a.IP.Is4() == found[0].IP.Is4() {
			same = append(same, a)
		} else {
			other = append(other, a)
		}
	}
	mixed := found[:0]
	for len(same)+len(other) > 0 {
		mixed = append(mixed, same[:min(1, len(same))]...)
		mixed = append(mixed, other[:min(1, len(other))]...)
		same, other = same[min(1, len(same)):], other[min(1, len(other)):]
	}
	return mixed
}

func deadline(o transport.Options) (context.Context, context.CancelFunc) {
	if d := o.WithDefaults().ConnectTimeout; d > 0 {
		return context.WithTimeout(context.Background(), d)
	}
	return context.WithCancel(context.Background())
}
