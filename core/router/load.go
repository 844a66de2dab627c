package router

import (
	"math"
	"strconv"
	"strings"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/message"
)

const (
	leastChange = 0.1 // of the load that is worth telling
	loadAge     = 120 // seconds after which a load is forgotten when a service is picked
)

// load is what other routers were told about the load of this host.
type load struct {
	second int64
	told   float64
}

// wantLoad answers REGISTER_FOR_LOADAVG: the router wants to know our load.
func (r *Router) wantLoad(c *Client, _ *message.Message) { c.wantsLoad = true }

// wantNoLoad answers UNREGISTER_FROM_LOADAVG.
func (r *Router) wantNoLoad(c *Client, _ *message.Message) { c.wantsLoad = false }

// measureLoad looks at the load once a second and tells it when it has changed.
func (r *Router) measureLoad() {
	if r.o.Load == nil || r.load.second == r.unix || len(r.peers) == 0 {
		return
	}
	r.load.second = r.unix
	now := r.o.Load()
	everyone := math.Abs(now-r.load.told) >= leastChange
	if everyone {
		r.load.told = now
	}
	for _, p := range r.peers {
		if !p.wantsLoad || !everyone && p.toldLoad {
			continue
		}
		m := r.make("LOADAVG").Set("avg", strconv.FormatFloat(now, 'f', 6, 64)).Set("my_address", r.o.MyAddress.HostPort())
		p.toldLoad = p.Send(m.SetTimespec("timestamp", message.TimespecOf(r.now))) == nil
	}
}

// learnLoad answers LOADAVG: the load of another router's host.
func (r *Router) learnLoad(c *Client, m *message.Message) {
	text, _ := m.Get("avg")
	avg, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(avg) || math.IsInf(avg, 0) || avg < 0 {
		r.refuse(c, m, "avg: it is no load average")
		return
	}
	at, err := m.Timespec("timestamp")
	if err != nil || at.Sec < 1577836800 { // 2020
		r.refuse(c, m, "timestamp: it is no time of these days")
		return
	}
	of, err := m.Addr("my_address", address.Defaults{NoLookup: true})
	if err != nil {
		r.refuse(c, m, "my_address: "+err.Error())
		return
	}
	c.peer.load, c.peer.loadAt = avg, r.unix
	r.host.SaveLoad(of, avg, at)
}

// listenLoad answers LISTEN_LOADAVG: the routers at these IPs are asked for their load.
func (r *Router) listenLoad(c *Client, m *message.Message) {
	list, _ := m.Get("ips")
	ask := make(map[*Client]bool)
	for ip := range strings.SplitSeq(list, ",") {
		a, err := address.Parse(strings.TrimSpace(ip), address.Defaults{NoLookup: true, AnyPort: true})
		if err != nil {
			r.refuse(c, m, "ips: "+strconv.Quote(ip)+" is no IP address")
			return
		}
		for _, p := range r.peers {
			if p.peer.address.IP == a.IP && (a.Port == 0 || a.Port == p.peer.address.Port) {
				ask[p] = true
			}
		}
	}
	for _, p := range r.peers {
		if ask[p] {
			r.tell(p, r.make("REGISTER_FOR_LOADAVG"))
		}
	}
}
