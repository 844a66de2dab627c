package control_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/control"
	"github.com/ed-toolbox/ed/transport/link"
)

// sink is a connection that takes everything and goes nowhere.
type sink struct{ transport.Conn }

func (sink) Write([]byte) error                  { return nil }
func (sink) Congested() bool                     { return false }
func (sink) SetHandler(transport.Handler)        {}
func (sink) ID() uint64                          { return 7 }
func (sink) Local() address.Address              { return address.FromUnix(address.Unix, "/run/echo.sock") }
func (sink) Remote() address.Address             { return address.FromUnix(address.Unix, "") }
func (sink) Peer() (transport.Credentials, bool) { return transport.Credentials{PID: 4711}, true }

// BenchmarkService is what a message and its answer cost a service, from the bytes to the bytes: without a control
// socket, with one that nobody uses, and with a watcher who gets all, or nothing because of its filter or rate.
func BenchmarkService(b *testing.B) {
	for name, o := range map[string]*inspect.WatchOptions{
		"bare": nil, "unwatched": nil, "watched": {Rate: -1}, "filtered": {Filter: []string{"STOP"}}, "rate": {Rate: 1},
	} {
		b.Run(name, func(b *testing.B) {
			loop, err := reactor.New(reactor.Options{})
			require.NoError(b, err)
			defer loop.Close()
			d := dispatch.New(dispatch.Options{})
			var reply message.Message
			require.NoError(b, d.On("ECHO", func(from dispatch.Sender, m *message.Message) error {
				reply.ReplyTo(m, "")
				reply.CopyParams(m)
				return from.Send(&reply)
			}))
			server := link.NewServer(link.Options{Dispatcher: d})
			if name != "bare" {
				c, err := control.Serve(loop, control.Options{Dispatcher: d, Server: server, Path: b.TempDir() + "/c"})
				require.NoError(b, err)
				defer c.Close()
				if o != nil {
					w, err := c.Tracer().Watch(*o)
					require.NoError(b, err)
					defer w.Close()
				}
			}
			l := server.Accept(sink{}).(*link.Link)
			line := []byte("<h:client ECHO name=users;serial=4711;tag=7\n")
			b.ReportAllocs()
			for b.Loop() {
				l.OnData(nil, line)
			}
		})
	}
}
