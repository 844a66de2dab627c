package link_test

import (
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/open"
)

// packets starts an echoing packet service.
func packets(t *testing.T, o link.Options) (at address.Address, stats func() link.Stats) {
	t.Helper()
	_, at, stats = packetsAt(t, "udp://127.0.0.1:0", o)
	return at, stats
}

func packetsAt(t *testing.T, where string, o link.Options) (loop *reactor.Loop, at address.Address, stats func() link.Stats) {
	t.Helper()
	loop, err := reactor.New(reactor.Options{})
	require.NoError(t, err)
	if o.Dispatcher == nil {
		o.Dispatcher = echo(t, dispatch.Options{})
	}
	role := link.NewDatagram(o, nil)
	conn, err := open.Packet(loop, parse(t, where), address.Address{}, transport.Options{}, role)
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- loop.Run(context.Background()) }()
	t.Cleanup(func() {
		require.NoError(t, loop.Post(func() { conn.Abort(nil) }))
		require.NoError(t, <-done)
		loop.Close()
	})
	return loop, conn.Local(), func() link.Stats {
		got := make(chan link.Stats, 1)
		require.NoError(t, loop.Post(func() { got <- role.Stats() }))
		return <-got
	}
}

func askPacket(t *testing.T, at address.Address, text string) string {
	c, err := net.Dial("udp", at.AddrPort().String())
	require.NoError(t, err)
	defer c.Close()
	_, err = c.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, c.SetReadDeadline(time.Now().Add(10*time.Second)))
	buf := make([]byte, 65536)
	n, err := c.Read(buf)
	require.NoError(t, err)
	return string(buf[:n])
}

func TestDatagramAnswersItsSender(t *testing.T) {
	at, _ := packets(t, link.Options{})
	for name, c := range map[string]struct{ in, out string }{
		"text":              {"PING a=1", "PING a=1"},
		"with a line end":   {"PING a=1\r\n", "PING a=1"},
		"JSON":              {`{"command":"PING"}`, `{"command":"PING"}`},
		"no message":        {"p*ng", "INVALID message="},
		"the secret is out": {"PING a=1;secret_code=xyz", "PING a=1"},
		"ALIVE":             {"ALIVE serial=7", "ABSOLUTELY reply_timestamp="},
	} {
		t.Run(name, func(t *testing.T) {
			got := askPacket(t, at, c.in)
			require.True(t, strings.HasPrefix(got, c.out), got)
			require.NotContains(t, got, "secret")
		})
	}
}

func TestDatagramSecret(t *testing.T) {
	var traced []string
	d := echo(t, dispatch.Options{Trace: func(ev *dispatch.Event) {
		if ev.Outcome == dispatch.Dropped {
			line, err := ev.Message.AppendText(nil)
			if err != nil {
				line = []byte(err.Error())
			}
			traced = append(traced, string(line)+": "+ev.Err.Error())
		}
	}})
	at, stats := packets(t, link.Options{Secret: "open sesame", Dispatcher: d})
	c, err := net.Dial("udp", at.AddrPort().String())
	require.NoError(t, err)
	defer c.Close()
	bad := []string{"PING n=1", "PING n=2;secret_code=open", `{"command":"PING","parameters":{"secret_code":"x"}}`, "p*ng"}
	for _, packet := range append(bad, "PING n=4;secret_code=open sesame") {
		_, err = c.Write([]byte(packet))
		require.NoError(t, err)
	}
	require.NoError(t, c.SetReadDeadline(time.Now().Add(10*time.Second)))
	buf := make([]byte, 1000)
	n, err := c.Read(buf)
	require.NoError(t, err)
	require.Equal(t, "PING n=4", string(buf[:n]), "one bad packet drops that packet only, and is not answered")
	s := stats()
	require.EqualValues(t, 3, s.Refused)
	require.EqualValues(t, 1, s.Malformed)
	require.EqualValues(t, 1, s.In)
	require.Len(t, traced, 3)
	for _, line := range traced {
		require.NotContains(t, line, "open", "a secret is never shown")
		require.Contains(t, line, "secret_code is wrong or missing")
	}
}

// A service that tells its peers of something sends outside of a handler.
func TestDatagramSendTo(t *testing.T) {
	peer, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer peer.Close()
	to := parse(t, "udp://"+peer.LocalAddr().String())
	loop, err := reactor.New(reactor.Options{})
	require.NoError(t, err)
	defer loop.Close()
	role := link.NewDatagram(link.Options{}, nil)
	conn, err := open.Packet(loop, parse(t, "udp://127.0.0.1:0"), address.Address{}, transport.Options{}, role)
	require.NoError(t, err)
	require.NoError(t, role.SendTo(conn, message.New("NEWS"), to))
	require.ErrorIs(t, role.SendTo(conn, message.New("NEWS"), address.Address{}), transport.ErrNoRemote)
	conn.Close()
	require.NoError(t, loop.Run(soon(t)))
	buf := make([]byte, 100)
	require.NoError(t, peer.SetDeadline(time.Now().Add(10*time.Second)))
	n, _, err := peer.ReadFrom(buf)
	require.NoError(t, err)
	require.Equal(t, "NEWS", string(buf[:n]))
}

// A packet that is no message may carry a secret all the same: nothing behind the name is shown.
func TestDatagramMalformedSecret(t *testing.T) {
	var shown []string
	at, stats := packets(t, link.Options{OnMalformed: func(_ dispatch.Sender, line []byte, _ error) {
		shown = append(shown, string(line))
	}})
	require.Contains(t, askPacket(t, at, "PING a=1;secret_code=sesame;b"), "INVALID")
	require.EqualValues(t, 1, stats().Malformed)
	require.Equal(t, []string{"PING a=1;secret_code"}, shown)
}

// packetSink is a transport.PacketConn that takes everything.
type packetSink struct {
	transport.PacketConn
	taken int
}

func (c *packetSink) WriteTo(p []byte, _ address.Address) error {
	c.taken += len(p)
	return nil
}

// TestDatagramAllocations: a packet is decoded, dispatched and answered without an allocation.
func TestDatagramAllocations(t *testing.T) {
	line, from, c := []byte("STATUS detail=\"a;b\";seq=000123;service=eventd"), parse(t, "udp://127.0.0.1:4041"), &packetSink{}
	packets := link.NewDatagram(link.Options{Dispatcher: answering(t)}, nil)
	require.Zero(t, testing.AllocsPerRun(1000, func() { packets.OnPacket(c, line, from) }))
	require.Equal(t, 1001*len(line), c.taken)
}

// TestPacketSenderThatIsNotThere: who sends without a name, or leaves before it is answered, makes no noise, but is counted.
func TestPacketSenderThatIsNotThere(t *testing.T) {
	var log lockedLog
	dir := t.TempDir()
	o := link.Options{Dispatcher: echo(t, dispatch.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})}
	loop, at, stats := packetsAt(t, "unixgram:"+filepath.Join(dir, "s"), o)
	to := &net.UnixAddr{Name: at.Path, Net: "unixgram"}
	stopped, goOn := make(chan struct{}), make(chan struct{})
	require.NoError(t, loop.Post(func() { close(stopped); <-goOn }))
	<-stopped
	for _, own := range []*net.UnixAddr{nil, {Name: filepath.Join(dir, "gone"), Net: "unixgram"}, {Name: filepath.Join(dir, "left"), Net: "unixgram"}} {
		c, err := net.DialUnix("unixgram", own, to)
		require.NoError(t, err)
		_, err = c.Write([]byte("STATUS n=1"))
		require.NoError(t, err)
		require.NoError(t, c.Close())
		if own != nil && own.Name == filepath.Join(dir, "gone") {
			require.NoError(t, os.Remove(own.Name))
		}
	}
	close(goOn)
	require.Eventually(t, func() bool { return stats().In == 3 }, 10*time.Second, time.Millisecond)
	require.EqualValues(t, 3, stats().Lost)
	require.Empty(t, log.String())
}
