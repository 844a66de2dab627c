package link_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"

	"net"
)

// stage is a packet socket on which nothing is real.
type stage struct {
	transport.PacketConn
	local  address.Address
	sender *transport.Credentials
	to     []address.Address
}

func (s *stage) Local() address.Address  { return s.local }
func (s *stage) Remote() address.Address { return address.Address{} }
func (s *stage) ID() uint64              { return 1 }
func (s *stage) WriteTo(_ []byte, to address.Address) error {
	s.to = append(s.to, to)
	return nil
}
func (s *stage) Peer() (transport.Credentials, bool) {
	if s.sender == nil {
		return transport.Credentials{}, false
	}
	return *s.sender, true
}

func TestReplyTo(t *testing.T) {
	dir := t.TempDir()
	socket := filepath.Join(dir, "s")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	require.NoError(t, err)
	defer l.Close()
	plain := filepath.Join(dir, "plain")
	require.NoError(t, os.WriteFile(plain, nil, 0o600))
	us := &transport.Credentials{UID: uint32(os.Geteuid())}
	other := &transport.Credentials{UID: uint32(os.Geteuid()) + 12345}
	root := &transport.Credentials{}
	type packet struct {
		local, from string
		who         *transport.Credentials
		replyTo     string
		want        string // where the answer goes
		kept        bool   // the parameter is somebody's own
	}
	packets := map[string]packet{
		"UDP, same host":          {"udp://10.0.0.1:1", "udp://10.0.0.2:9", nil, "10.0.0.2:4041", "udp://10.0.0.2:4041", false},
		"UDP, as URI":             {"udp://10.0.0.1:1", "udp://10.0.0.2:9", nil, "udp://10.0.0.2:4041", "udp://10.0.0.2:4041", false},
		"UDP, bound to any":       {"udp://10.0.0.1:1", "udp://10.0.0.2:9", nil, "0.0.0.0:4041", "udp://10.0.0.2:4041", false},
		"UDP, another host":       {"udp://10.0.0.1:1", "udp://10.0.0.2:9", nil, "10.0.0.3:4041", "udp://10.0.0.2:9", false},
		"UDP, no port":            {"udp://10.0.0.1:1", "udp://10.0.0.2:9", nil, "10.0.0.2:0", "udp://10.0.0.2:9", false},
		"UDP, a group":            {"udp://10.0.0.1:1", "udp://10.0.0.2:9", nil, "224.0.0.1:5", "udp://10.0.0.2:9", false},
		"UDP, zone":               {"udp://[::]:1", "udp://[fe80::1%lo]:9", nil, "[fe80::1]:5", "udp://[fe80::1%lo]:5", false},
		"UDP, a host name":        {"udp://10.0.0.1:1", "udp://10.0.0.2:9", nil, "localhost:5", "udp://10.0.0.2:9", true},
		"UDP, other kind":         {"udp://10.0.0.1:1", "udp://10.0.0.2:9", nil, "unixgram:/x", "udp://10.0.0.2:9", true},
		"UDP, their own business": {"udp://10.0.0.1:1", "udp://10.0.0.2:9", nil, "the boss", "udp://10.0.0.2:9", true},
		"Unix, our user":          {"unixgram:/run/s", "", us, "/somewhere", "unixgram:/somewhere", false},
		"Unix, root":              {"unixgram:/run/s", "", root, "unixgram:/somewhere", "unixgram:/somewhere", false},
		"Unix, their file":        {"unixgram:/run/s", "unixgram:@x", us, socket, "unixgram:" + socket, false},
		"Unix, not their file":    {"unixgram:/run/s", "unixgram:@x", other, socket, "unixgram:@x", false},
		"Unix, no socket":         {"unixgram:/run/s", "unixgram:@x", other, plain, "unixgram:@x", false},
		"Unix, no file":           {"unixgram:/run/s", "unixgram:@x", other, dir + "/none", "unixgram:@x", false},
		"Unix, unknown sender":    {"unixgram:/run/s", "unixgram:@x", nil, socket, "unixgram:@x", false},
		"Unix, abstract":          {"unixgram:/run/s", "", other, "@me", "unixgram:@me", false},
		"Unix, relative":          {"unixgram:/run/s", "unixgram:@x", us, "unixgram:me", "unixgram:@x", false},
		"nothing said":            {"unixgram:/run/s", "unixgram:@x", us, "", "unixgram:@x", true},
	}
	if os.Geteuid() == 0 { // who may give files away
		owned, plain := filepath.Join(dir, "owned"), filepath.Join(dir, "theirs")
		o, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: owned, Net: "unixgram"})
		require.NoError(t, err)
		defer o.Close()
		require.NoError(t, os.WriteFile(plain, nil, 0o600))
		for _, path := range []string{owned, plain} {
			require.NoError(t, os.Chown(path, int(other.UID), -1))
		}
		packets["Unix, another user's file"] = packet{"unixgram:/run/s", "unixgram:@x", other, owned, "unixgram:" + owned, false}
		packets["Unix, another user's file, no socket"] = packet{"unixgram:/run/s", "unixgram:@x", other, plain, "unixgram:@x", false}
	}
	for name, c := range packets {
		t.Run(name, func(t *testing.T) {
			d := echo(t, dispatch.Options{})
			seen := ""
			require.NoError(t, d.On("LOOK", func(from dispatch.Sender, m *message.Message) error {
				seen, _ = m.Get("reply_to")
				return from.Send(m.Reply("SEEN"))
			}))
			s := &stage{local: parse(t, c.local), sender: c.who}
			var from address.Address
			if c.from != "" {
				from = parse(t, c.from)
			}
			role := link.NewDatagram(link.Options{Dispatcher: d}, nil)
			m := message.New("LOOK").Set("a", "1").Set("reply_to", c.replyTo)
			text, err := m.AppendText(nil)
			require.NoError(t, err)
			role.OnPacket(s, text, from)
			role.OnPacket(s, []byte("LOOK"), from)
			require.Len(t, s.to, 2)
			require.Equal(t, c.want, s.to[0].String())
			require.Equal(t, from, s.to[1], "the next packet is answered at its sender")
			role.OnPacket(s, text, from)
			want := ""
			if c.kept {
				want = c.replyTo
			}
			require.Equal(t, want, seen)
		})
	}
}
