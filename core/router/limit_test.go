package router_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/router"
)

// TestManySendersOfDatagrams: who forges addresses does not fill the memory. Those that are too many to be told apart count as one.
func TestManySendersOfDatagrams(t *testing.T) {
	r := newRouter(t, router.Options{Limits: router.Limits{PacketRate: 1}})
	send := func(i int) {
		from := address.Address{Scheme: address.UDP, IP: netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), Port: 4000}
		r.Packet(&memory{}, router.Origin{Remote: from}, parse(t, "nobody/GO"))
	}
	for i := range 1024 {
		send(i)
	}
	require.Zero(t, r.Stats().OverRate, "each has sent one")
	for i := range 100 {
		send(1024 + i)
	}
	require.EqualValues(t, 99, r.Stats().OverRate, "one of all the others")
	r.Tick(time.Unix(1768770001, 0))
	send(2000)
	require.EqualValues(t, 99, r.Stats().OverRate, "another second")
}

// TestLongNamesAreNotRemembered: tables are bounded in the number of names, so each of these has to be, too.
func TestLongNamesAreNotRemembered(t *testing.T) {
	r := newRouter(t, router.Options{MyAddress: addr(t, "10.0.0.1:4042")})
	c := r.Opened(&memory{}, router.Origin{Kind: router.Remote, Remote: addr(t, "10.0.0.2:50000")})
	short, long := strings.Repeat("a", 255), strings.Repeat("b", 256)
	receive(t, r, c, "<n2:communicatord CONNECT my_address=10.0.0.2:4042;server_name=n2;version=1;services="+long+"1,"+short+"1")
	receive(t, r, c, "GOSSIP up="+short+","+long)
	require.Equal(t, []router.Service{{Name: short, Server: "n2", Status: "up"}}, r.Services())
}

// TestLongCommandsThatAreWaitedFor: what is kept of messages, reports of which are waited for, is bounded in bytes, too.
func TestLongCommandsThatAreWaitedFor(t *testing.T) {
	r := newRouter(t, router.Options{MyAddress: addr(t, "10.0.0.1:4042")})
	for i := range 2 {
		where := fmt.Sprintf("10.0.0.%d:4042", i+2)
		c := r.Opened(&sink{}, router.Origin{Kind: router.Remote, Remote: addr(t, where)})
		receive(t, r, c, fmt.Sprintf("<n%d:communicatord CONNECT my_address=%s;server_name=n%d;version=1", i+2, where, i+2))
	}
	c, sent := r.Opened(&memory{}, router.Origin{}), 32<<20/60_000+10
	line := "nobody/" + strings.Repeat("C", 60_000) + " transmission_report=failure"
	for range sent {
		receive(t, r, c, line)
	}
	require.InDelta(t, sent-10, r.Stats().Waiting, 1)
	receive(t, r, c, "nobody/SHORT transmission_report=failure")
	require.InDelta(t, sent-10, r.Stats().Waiting, 1)
	for i := range 400 {
		r.Tick(time.Unix(1768770000+int64(i), 0))
	}
	require.Zero(t, r.Stats().Waiting)
	for range sent {
		receive(t, r, c, line)
	}
	require.InDelta(t, sent-10, r.Stats().Waiting, 1, "those that are forgotten take no room")
}

// waitingRoom is a host that knows of every connection that its other end has gone.
type waitingRoom struct {
	nobody
	held int
}

func (*waitingRoom) Ended(router.Conn) bool { return true }
func (h *waitingRoom) Hold(router.Conn)     { h.held++ }
func (h *waitingRoom) Release(router.Conn)  { h.held-- }

// TestManyHeirs: only so many wait for a name; each would be looked at whenever one changes hands.
func TestManyHeirs(t *testing.T) {
	h := &waitingRoom{}
	r, err := router.New(router.Options{ServerName: "n1"}, h, time.Unix(1768770000, 0))
	require.NoError(t, err)
	conns := make([]*memory, 103)
	for i := range conns {
		conns[i] = &memory{}
		receive(t, r, r.Opened(conns[i], router.Origin{}), "REGISTER service=a;version=1")
	}
	require.Equal(t, 100, h.held)
	require.Len(t, conns[0].lines, 2)
	require.Empty(t, conns[100].lines)
	for _, late := range conns[101:] {
		require.Equal(t, []string{"INVALID command=REGISTER;message=service: the name is taken"}, late.lines)
	}
	r.Tick(time.Unix(1768770003, 0))
	require.Zero(t, h.held, "their time is over")
}
