package bench

import (
	"strconv"
	"strings"
	"time"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/transport/link"
)

// fault is what the service under test does wrong on purpose. Shares are of all answers.
type fault struct {
	stall, every             time.Duration
	drop, duplicate, reorder float64
}

// parseFault reads --stall DUR:everyDUR and --fault NAME=P%,….
func parseFault(stall, faults string) (f fault, err error) {
	if stall != "" {
		length, every, ok := strings.Cut(stall, ":")
		every = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(every), "every"))
		if f.stall, err = toolkit.ParseDuration(length); err == nil && ok {
			f.every, err = toolkit.ParseDuration(every)
		}
		if err != nil || !ok || f.stall <= 0 || f.every <= f.stall {
			return f, toolkit.Errorf(toolkit.Usage, "option --stall: %q is not like 200ms:every2s", toolkit.Escape(stall))
		}
	}
	for part := range strings.SplitSeq(faults, ",") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		share := map[string]*float64{"drop": &f.drop, "duplicate": &f.duplicate, "reorder": &f.reorder}[name]
		v, err := strconv.ParseFloat(strings.TrimSuffix(value, "%"), 64)
		if share == nil || err != nil || !strings.HasSuffix(value, "%") || !(v >= 0 && v <= 100) {
			return f, toolkit.Errorf(toolkit.Usage, "option --fault: %q is not like drop=1%%, duplicate=1%% or reorder=1%%", toolkit.Escape(part))
		}
		*share = v / 100
	}
	return f, nil
}

// faulty does it: evenly, so that a test can count on it.
type faulty struct {
	fault
	dropped, doubled, moved float64 // what is owed
	kept                    map[any]kept
}

// kept is an answer that comes after the next one to the same peer.
type kept struct {
	to dispatch.Sender
	m  *message.Message
}

func (f *faulty) none() bool { return f.drop == 0 && f.duplicate == 0 && f.reorder == 0 }

// due says whether it is time again for a share.
func due(owed *float64, share float64) bool {
	if *owed += share; *owed > 1-1e-9 { // ten tenths are a little less than one
		*owed--
		return true
	}
	return false
}

// drops says that the next message is to be lost.
func (f *faulty) drops() bool { return f.drop > 0 && due(&f.dropped, f.drop) }

// moves says that the next answer to a peer, for which one waits or not, is to wait. Where one does it is the one after.
func (f *faulty) moves(waits bool) bool {
	if waits {
		f.moved += f.reorder
		return false
	}
	return f.reorder > 0 && due(&f.moved, f.reorder)
}

// send answers, or does what was asked for.
func (f *faulty) send(from dispatch.Sender, m *message.Message) error {
	if f.none() {
		return from.Send(m)
	}
	if f.drops() {
		return nil
	}
	peer := whom(from)
	before, waits := f.kept[peer]
	if f.moves(waits) {
		f.keep(peer, from, m)
		return nil
	}
	if err := from.Send(m); err != nil {
		return err
	}
	if f.duplicate > 0 && due(&f.doubled, f.duplicate) {
		if err := from.Send(m); err != nil {
			return err
		}
	}
	if !waits {
		return nil
	}
	f.forget(peer)
	return before.to.Send(before.m)
}

// keep has an answer wait for the next one to the same peer, which may have gone: there are as many as tallies at most.
func (f *faulty) keep(peer any, to dispatch.Sender, m *message.Message) {
	if p, ok := to.(*link.Peer); ok {
		to = p.Clone() // it is borrowed
	}
	if f.kept == nil || len(f.kept) >= mostTallies {
		f.kept = map[any]kept{}
	}
	f.kept[peer] = kept{to, m.Clone()}
}

// forget drops what waits for a peer.
func (f *faulty) forget(peer any) { delete(f.kept, peer) }
