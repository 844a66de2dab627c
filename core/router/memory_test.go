package router_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/router"
)

// mute is a connection that costs nothing.
type mute struct{}

func (mute) Send(*message.Message) error { return nil }
func (mute) SpeaksText() bool            { return true }
func (mute) SendText([]byte) error       { return nil }
func (mute) Close() error                { return nil }
func (mute) Abort(error)                 { panic("nothing goes wrong here") }

// mostAtRest is what a registered service may cost that does nothing, in bytes of the heap, without its connection. With 10,000 of
// them it is seen in the resident memory of ed router: scripts/perf-rows router-idle.
const mostAtRest = 470

func TestIdleServiceMemory(t *testing.T) {
	const services = 5000
	r := newRouter(t, router.Options{})
	var m message.Message
	receive := func(c *router.Client, line string) {
		require.NoError(t, m.Decode([]byte(line)))
		r.Receive(c, &m)
	}
	before := heap()
	for i := range services {
		c := r.Opened(mute{}, router.Origin{Kind: router.LocalUnix, HasCred: true, UID: 1000, PID: int32(i)})
		receive(c, fmt.Sprintf("REGISTER version=1;service=service_%05d", i))
		receive(c, "COMMANDS list=ALIVE,DO_THIS,DO_THAT,HELP,LEAK,LOG_ROTATE,QUITTING,READY,RESTART,STOP,UNKNOWN")
	}
	r.Tick(time.Unix(1768770002, 0))
	each := float64(heap()-before) / services
	require.Equal(t, services, r.Stats().Services)
	t.Logf("%.0f B", each)
	require.LessOrEqual(t, each, float64(mostAtRest))
}

// TestPassingServicesAreForgotten: tools that register for one question each leave nothing behind.
func TestPassingServicesAreForgotten(t *testing.T) {
	const services, long = 2000, 200
	r := newRouter(t, router.Options{})
	before := heap()
	for i := range services {
		c := r.Opened(mute{}, router.Origin{Kind: router.LocalUnix})
		receive(t, r, c, fmt.Sprintf("REGISTER temporary=true;version=1;service=tool_%0*d", long, i))
		r.Closed(c, nil, router.Lost{})
	}
	r.Tick(time.Unix(1768770002, 0))
	require.Less(t, heap(), before+services*long/2)
	runtime.KeepAlive(r)
}

// heap is what the process has allocated, when nothing is left that could be freed.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
