package link_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/open"
	"github.com/ed-toolbox/ed/transport/transporttest"
)

// A peer that does not close its side in the time that Close has gave no sign that it has read all: its kernel may hold what is lost
// when it dies.
func TestCloseTooLate(t *testing.T) {
	for medium, where := range map[string]string{"tcp": "tcp://127.0.0.1:0", "unix": "unix:" + filepath.Join(t.TempDir(), "s")} {
		t.Run(medium, func(t *testing.T) {
			w := transporttest.NewWorld(t)
			server := link.NewServer(link.Options{OnOpen: func(l *link.Link) { l.Conn().Pause() }})
			ln, err := open.Listen(w.Loop, parse(t, where), transport.Options{}, server.Accept)
			require.NoError(t, err)
			var why []error
			p, err := link.NewPermanent(w.Loop, func(l *reactor.Loop, h transport.Handler) (transport.Conn, error) {
				return open.Dial(l, ln.Addr(), transport.Options{}, h)
			}, link.PermanentOptions{CloseTimeout: 20 * time.Millisecond, OnUndelivered: func(_ *message.Message, err error) { why = append(why, err) }})
			require.NoError(t, err)
			w.Until("it is up", func() bool { return p.Status().State == link.Up })
			for i := range 3 {
				require.NoError(t, p.Send(message.New("COUNT").SetInt("serial", int64(i))))
			}
			p.Close()
			w.Until("its time is over", func() bool { return p.Status().State == link.Closed })
			for l := range server.Links() {
				l.Abort(nil)
			}
			require.NoError(t, ln.Close())
			w.Idle()
			require.Len(t, why, 3)
			for _, err := range why {
				require.ErrorIs(t, err, link.ErrUncertain)
			}
			require.EqualValues(t, 3, p.Status().Counts.Uncertain)
		})
	}
}
