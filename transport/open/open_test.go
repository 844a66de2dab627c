package open_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/open"
	"github.com/ed-toolbox/ed/transport/transporttest"
	"github.com/stretchr/testify/require"
)

func parse(t *testing.T, text string) address.Address {
	a, err := address.Parse(text, address.Defaults{AnyPort: true})
	require.NoError(t, err)
	return a
}

// hosts is a resolver with a table; a host that is not in it is looked up for
// ever.
type hosts map[string][]string

func (h hosts) LookupNetIP(ctx context.Context, _, host string) ([]netip.Addr, error) {
	list, ok := h[host]
	if !ok {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	switch {
	case host == "broken":
		return nil, &net.DNSError{Err: "server misbehaving", Name: "broken", Server: "10.0.0.53:53"}
	case list == nil:
		return nil, &net.DNSError{Err: "no such host", Name: "unknown", Server: "10.0.0.53:53", IsNotFound: true}
	}
	var ips []netip.Addr
	for _, text := range list {
		ips = append(ips, netip.MustParseAddr(text))
	}
	return ips, nil
}

var opener = open.Opener{Resolver: hosts{"both": {"::1", "127.0.0.1"}, "mixed": {"127.0.0.1", "127.0.0.2", "127.0.0.3", "::1"}, "one": {"127.0.0.1"}, "none": {}, "unknown": nil, "broken": nil}}

func TestStreams(t *testing.T) {
	for _, text := range []string{"tcp://127.0.0.1:0", "tcp://[::1]:0", "tcp://localhost:0", "unix:" + filepath.Join(t.TempDir(), "s"), fmt.Sprintf("unix:@ed-test-open-%d", os.Getpid()), fmt.Sprintf("unixpacket:@ed-test-open-packets-%d", os.Getpid())} {
		t.Run(text, func(t *testing.T) {
			w := transporttest.NewWorld(t)
			client, heard := &transporttest.Recorder{T: t, Name: "client"}, ""
			l, err := open.Listen(w.Loop, parse(t, text), transport.Options{}, func(transport.Conn) transport.Handler {
				// One for each connection: the one that is cancelled may be accepted late.
				return &transporttest.Recorder{T: t, Name: "server", On: func(_ transport.Conn, p []byte) { heard += string(p) }}
			})
			if strings.Contains(text, "::1") && transporttest.NoIPv6(t, err) {
				require.ErrorContains(t, err, "listen tcp://[::1]:0: ")
				return
			}
			require.NoError(t, err)
			c, err := open.Dial(w.Loop, l.Addr(), transport.Options{}, client)
			require.NoError(t, err)
			require.NoError(t, c.Write([]byte("hello")))
			require.NoError(t, c.Close()) // cancels: it is not open yet
			w.Until("it is cancelled", func() bool { return client.Closed == 1 })
			require.ErrorIs(t, client.Err, transport.ErrClosed)

			client = &transporttest.Recorder{T: t, Name: "client"}
			client.Open = func(c transport.Conn) { c.Close() }
			c, err = open.Dial(w.Loop, l.Addr(), transport.Options{}, client)
			require.NoError(t, err)
			require.NoError(t, c.Write([]byte("hello")))
			w.Until("it arrives", func() bool { return heard == "hello" })
			require.NoError(t, l.Close())
			w.Idle()
		})
	}
}

func TestPackets(t *testing.T) {
	for _, text := range []string{"udp://127.0.0.1:0", "udp://localhost:0", "unixgram:" + filepath.Join(t.TempDir(), "s")} {
		t.Run(text, func(t *testing.T) {
			w := transporttest.NewWorld(t)
			server := &transporttest.PacketRecorder{T: t, Name: "server"}
			s, err := open.Packet(w.Loop, parse(t, text), address.Address{}, transport.Options{}, server)
			require.NoError(t, err)
			c, err := open.Packet(w.Loop, address.Address{}, s.Local(), transport.Options{}, &transporttest.PacketRecorder{T: t, Name: "client"})
			require.NoError(t, err)
			require.NoError(t, c.WriteTo([]byte("hello"), address.Address{}))
			w.Until("it arrives", func() bool { return len(server.Packets) == 1 })
			c.Abort(nil)
			s.Abort(nil)
			w.Idle()
		})
	}
}

func TestDialName(t *testing.T) {
	w := transporttest.NewWorld(t)
	server := &transporttest.Recorder{T: t, Name: "server"}
	l, err := open.Listen(w.Loop, parse(t, "tcp://127.0.0.1:0"), transport.Options{}, func(transport.Conn) transport.Handler { return server })
	require.NoError(t, err)
	to := address.Address{Scheme: address.TCP, Host: "both", Port: l.Addr().Port}
	client := &transporttest.Recorder{T: t, Name: "client"}
	c, err := opener.Dial(w.Loop, to, transport.Options{}, client)
	require.NoError(t, err)
	require.Equal(t, to, c.Remote())
	require.NoError(t, c.Write([]byte("hello")), "it queues while the name is looked up")
	w.Until("it arrives by the second address", func() bool { return string(server.Data) == "hello" })
	require.Equal(t, l.Addr(), c.Remote(), "then it is the address that answered")
	require.NoError(t, c.Close())
	require.NoError(t, l.Close())
	w.Idle()
}

// slow is a resolver that takes its time to say no.
type slow struct{}

func (slow) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	<-time.After(20 * time.Millisecond)
	return nil, errors.New("no such host")
}

// TestLookUpKeepsLoopAlive: where connecting has no deadline, the look-up is all that a loop may have to do.
func TestLookUpKeepsLoopAlive(t *testing.T) {
	w := transporttest.NewWorld(t)
	op, o := open.Opener{Resolver: slow{}}, transport.Options{ConnectTimeout: -1}
	client := &transporttest.Recorder{T: t, Name: "client"}
	_, err := op.Dial(w.Loop, address.Address{Scheme: address.TCP, Host: "slow", Port: 1}, o, client)
	require.NoError(t, err)
	w.Idle()
	require.Equal(t, 1, client.Closed)
	packets := &transporttest.PacketRecorder{T: t, Name: "packets"}
	_, err = op.Packet(w.Loop, address.Address{}, address.Address{Scheme: address.UDP, Host: "slow", Port: 1}, o, packets)
	require.NoError(t, err)
	w.Idle()
	require.Equal(t, 1, packets.Closed)
}

func TestDialNameFails(t *testing.T) {
	w := transporttest.NewWorld(t)
	free, err := open.Listen(w.Loop, parse(t, "tcp://127.0.0.1:0"), transport.Options{}, nil)
	require.NoError(t, err)
	require.NoError(t, free.Close())
	tests := map[string]struct {
		host string
		op   string
		is   error
		text string
	}{
		"unknown":      {"unknown", "look up", nil, "unknown:" + strconv.Itoa(int(free.Addr().Port)) + ": no such host"},
		"broken":       {"broken", "look up", nil, ": server misbehaving (asked 10.0.0.53:53)"},
		"no address":   {"none", "look up", nil, "no address"},
		"slow":         {"slow", "look up", transport.ErrTimeout, "timed out"},
		"refused":      {"one", "connect", syscall.ECONNREFUSED, "refused"},
		"both refused": {"both", "connect", syscall.ECONNREFUSED, "connect tcp://[::1]:"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			client := &transporttest.Recorder{T: t, Name: "client"}
			a := address.Address{Scheme: address.TCP, Host: tt.host, Port: free.Addr().Port}
			_, err := opener.Dial(w.Loop, a, transport.Options{ConnectTimeout: 200 * time.Millisecond}, client)
			require.NoError(t, err)
			w.Idle()
			require.Zero(t, client.Opened)
			require.ErrorContains(t, client.Err, tt.text)
			var op *transport.OpError
			require.ErrorAs(t, client.Err, &op)
			require.Equal(t, tt.op, op.Op)
			if tt.is != nil {
				require.ErrorIs(t, client.Err, tt.is)
			}
			var dns *net.DNSError
			if errors.As(client.Err, &dns) {
				require.Equal(t, tt.host, dns.Name, "what the resolver said can be found")
				require.True(t, strings.HasSuffix(client.Err.Error(), tt.text), client.Err.Error())
			} else {
				require.NotContains(t, []string{"unknown", "broken"}, tt.host)
			}
		})
	}
}

// TestLookUpHasADeadline: what is bound or sent to by name waits no longer than a connection does.
func TestLookUpHasADeadline(t *testing.T) {
	w := transporttest.NewWorld(t)
	o := transport.Options{ConnectTimeout: 20 * time.Millisecond}
	_, err := opener.Listen(w.Loop, address.Address{Scheme: address.TCP, Host: "slow"}, o, nil)
	require.ErrorIs(t, err, transport.ErrTimeout)
	require.ErrorContains(t, err, "look up tcp://slow:0: ")
	packets := &transporttest.PacketRecorder{T: t}
	_, err = opener.Packet(w.Loop, address.Address{}, address.Address{Scheme: address.UDP, Host: "slow", Port: 1}, o, packets)
	require.NoError(t, err)
	w.Idle()
	require.ErrorIs(t, packets.Err, transport.ErrTimeout)
}

// TestPacketNameThatCannotBeUsed: the other family is looked up for a socket that is bound to one.
func TestPacketNameThatCannotBeUsed(t *testing.T) {
	w := transporttest.NewWorld(t)
	op := open.Opener{Resolver: hosts{"six": {"::1"}}}
	packets := &transporttest.PacketRecorder{T: t}
	_, err := op.Packet(w.Loop, parse(t, "udp://127.0.0.1:0"), address.Address{Scheme: address.UDP, Host: "six", Port: 1}, transport.Options{}, packets)
	require.NoError(t, err)
	w.Idle()
	require.Equal(t, 1, packets.Closed)
	require.Zero(t, packets.Opened)
	require.ErrorContains(t, packets.Err, "udp://[::1]:1")
}

// TestFamiliesTakeTurns: each address refuses at once, so the errors are in the
// order of the attempts.
func TestFamiliesTakeTurns(t *testing.T) {
	w := transporttest.NewWorld(t)
	free, err := open.Listen(w.Loop, parse(t, "tcp://127.0.0.1:0"), transport.Options{}, nil)
	require.NoError(t, err)
	require.NoError(t, free.Close())
	client := &transporttest.Recorder{T: t, Name: "client"}
	_, err = opener.Dial(w.Loop, address.Address{Scheme: address.TCP, Host: "mixed", Port: free.Addr().Port}, transport.Options{}, client)
	require.NoError(t, err)
	w.Idle()
	var order []string
	for _, part := range strings.Split(client.Err.Error(), "connect tcp://")[2:] {
		order = append(order, part[:strings.LastIndex(part[:strings.Index(part, ": ")], ":")])
	}
	require.Equal(t, []string{"127.0.0.1", "[::1]", "127.0.0.2", "127.0.0.3"}, order)
}

// TestCancelLookUp: closing during the look-up ends it too, and the loop with it.
func TestCancelLookUp(t *testing.T) {
	w := transporttest.NewWorld(t)
	client := &transporttest.Recorder{T: t, Name: "client"}
	c, err := opener.Dial(w.Loop, address.Address{Scheme: address.TCP, Host: "slow", Port: 1}, transport.Options{ConnectTimeout: time.Hour}, client)
	require.NoError(t, err)
	w.For(time.Millisecond)
	require.NoError(t, c.Close())
	packets := &transporttest.PacketRecorder{T: t}
	p, err := opener.Packet(w.Loop, address.Address{}, address.Address{Scheme: address.UDP, Host: "slow", Port: 1}, transport.Options{ConnectTimeout: time.Hour}, packets)
	require.NoError(t, err)
	require.NoError(t, p.Close())
	w.Idle()
	require.ErrorIs(t, client.Err, transport.ErrClosed)
	require.Equal(t, 1, packets.Closed)
}

func TestPacketName(t *testing.T) {
	w := transporttest.NewWorld(t)
	server := &transporttest.PacketRecorder{T: t, Name: "server"}
	s, err := opener.Packet(w.Loop, address.Address{Scheme: address.UDP, Host: "one"}, address.Address{}, transport.Options{}, server)
	require.NoError(t, err, "a name can be bound before the loop runs")
	client := &transporttest.PacketRecorder{T: t, Name: "client"}
	c, err := opener.Packet(w.Loop, address.Address{}, address.Address{Scheme: address.UDP, Host: "one", Port: s.Local().Port}, transport.Options{}, client)
	require.NoError(t, err)
	require.NoError(t, c.WriteTo([]byte("early"), address.Address{}))
	require.Equal(t, 1, c.Queued())
	w.Until("it arrives", func() bool { return len(server.Packets) == 1 })
	require.Equal(t, 1, client.Opened)
	lost := &transporttest.PacketRecorder{T: t, Name: "lost"}
	_, err = opener.Packet(w.Loop, address.Address{}, address.Address{Scheme: address.UDP, Host: "unknown", Port: 1}, transport.Options{}, lost)
	require.NoError(t, err)
	w.Until("the failure is told", func() bool { return lost.Closed == 1 })
	require.ErrorContains(t, lost.Err, "look up udp://unknown:1: no such host")
	var dns *net.DNSError
	require.ErrorAs(t, lost.Err, &dns)
	require.Zero(t, lost.Opened)
	c.Abort(nil)
	s.Abort(nil)
	w.Idle()
}

func TestBindNameInRunningLoop(t *testing.T) {
	w := transporttest.NewWorld(t)
	var err error
	w.Loop.After(0, "listen", func() {
		_, err = opener.Listen(w.Loop, address.Address{Scheme: address.TCP, Host: "one"}, transport.Options{}, nil)
	})
	w.Idle()
	require.ErrorContains(t, err, "IP addresses only")
}

func TestUnsupported(t *testing.T) {
	w := transporttest.NewWorld(t)
	for text, why := range map[string]string{"udp://127.0.0.1:1": "udp carries packets, not streams", "unixgram:/x": "unixgram carries packets, not streams"} {
		a := parse(t, text)
		_, err := open.Dial(w.Loop, a, transport.Options{}, nil)
		require.ErrorIs(t, err, transport.ErrUnsupported, text)
		require.ErrorContains(t, err, why)
		_, err = open.Listen(w.Loop, a, transport.Options{}, nil)
		require.ErrorIs(t, err, transport.ErrUnsupported, text)
		require.ErrorContains(t, err, why)
	}
	_, err := open.Listen(w.Loop, parse(t, "exec:cat"), transport.Options{}, nil)
	require.ErrorContains(t, err, "connect to it")
	require.ErrorIs(t, err, transport.ErrUnsupported)
	for text, why := range map[string]string{
		"tcp://127.0.0.1:1": "tcp carries streams, not packets", "unix:/x": "unix carries streams, not packets",
		"unixpacket:/x": "unixpacket has connections", "fifo:/x": "fifo carries streams, not packets", "exec:cat": "exec carries streams, not packets",
	} {
		_, err := open.Packet(w.Loop, parse(t, text), address.Address{}, transport.Options{}, nil)
		require.ErrorIs(t, err, transport.ErrUnsupported, text)
		require.ErrorContains(t, err, why)
	}
	_, err = opener.Packet(w.Loop, address.Address{}, parse(t, "tcp://one:1"), transport.Options{}, nil)
	require.ErrorContains(t, err, "tcp carries streams, not packets", "before its name is looked up")
	_, err = open.Dial(w.Loop, address.Address{}, transport.Options{}, nil)
	require.ErrorContains(t, err, "no address given")
	_, err = open.Packet(w.Loop, parse(t, "udp://127.0.0.1:0"), parse(t, "unixgram:/x"), transport.Options{}, nil)
	require.ErrorContains(t, err, "cannot send to unixgram:/x")
}

func TestFIFO(t *testing.T) {
	w := transporttest.NewWorld(t)
	a := parse(t, "fifo:"+t.TempDir()+"/fifo")
	reader, writer := &transporttest.Recorder{T: t, Name: "reader"}, &transporttest.Recorder{T: t, Name: "writer"}
	l, err := open.Listen(w.Loop, a, transport.Options{}, func(transport.Conn) transport.Handler { return reader })
	require.NoError(t, err)
	c, err := open.Dial(w.Loop, a, transport.Options{}, writer)
	require.NoError(t, err)
	require.NoError(t, c.Write([]byte("one way")))
	require.NoError(t, c.CloseWrite())
	w.Until("it arrives", func() bool { return reader.Closed == 1 })
	require.Equal(t, "one way", string(reader.Data))
	require.NoError(t, l.Close())
	w.Idle()
}

func TestExec(t *testing.T) {
	w := transporttest.NewWorld(t)
	h := &transporttest.Recorder{T: t, Name: "talker"}
	c, err := open.Dial(w.Loop, parse(t, "exec:sed -u 's/^/it said: /'"), transport.Options{}, h)
	require.NoError(t, err)
	require.NoError(t, c.Write([]byte("hello\n")))
	w.Until("it answers", func() bool { return string(h.Data) == "it said: hello\n" })
	require.NoError(t, c.Close())
	w.Idle()
	require.NoError(t, h.Err)
}
