package control

import (
	"container/heap"
	"context"
	"time"

	"github.com/ed-toolbox/ed/core/address"
)

// waiting is an item that is kept back.
type waiting struct {
	Followed
	when  int64 // what it is ordered by
	order uint64
}

// window orders items by their times. It is a heap.
type window []waiting

func (w window) Len() int { return len(w) }

func (w window) Less(i, j int) bool {
	return w[i].when < w[j].when || w[i].when == w[j].when && w[i].order < w[j].order
}

func (w window) Swap(i, j int) { w[i], w[j] = w[j], w[i] }

// Push implements heap.Interface.
func (w *window) Push(x any) { *w = append(*w, x.(waiting)) }

// Pop implements heap.Interface.
func (w *window) Pop() any {
	last := len(*w) - 1
	x := (*w)[last]
	(*w)[last] = waiting{}
	*w = (*w)[:last]
	return x
}

// merge puts the items into the order of their times, as far as those come within the window.
func (f *Feed) merge(ctx context.Context) {
	defer f.running.Done()
	defer close(f.out)
	var w window
	var order uint64
	latest := map[address.Address]int64{} // when of the last record of each
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	over := false // nothing more comes
	for !over || len(w) > 0 {
		var out chan Followed
		var first Followed
		if len(w) > 0 {
			first = w[0].Followed
			if wait := f.options.Window - time.Since(first.At); over || wait <= 0 || len(w) >= maxWindow {
				out = f.out
			} else {
				timer.Reset(wait)
			}
		}
		items := f.items
		if over || len(w) >= maxWindow {
			items = nil // who reads us is slow: it waits, and so do they
		}
		select {
		case out <- first:
			heap.Pop(&w)
		case i, ok := <-items:
			if !ok {
				over = true
				continue
			}
			order++
			heap.Push(&w, waiting{i, f.when(i, latest), order})
		case <-timer.C:
		case <-ctx.Done():
			f.short.Store(true)
			return
		}
	}
}

// when is what an item is ordered by: the monotonic time of the machine for services on it. What has no time of its own
// comes behind the last record of its service.
func (f *Feed) when(i Followed, latest map[address.Address]int64) int64 {
	if i.Record == nil {
		last := latest[i.From.Addr]
		if i.State != None {
			delete(latest, i.From.Addr) // processes come and go
		}
		if i.State == Attached || i.State == Refused {
			return 0 // at once: what follows is newer than all that waits of others, or nobody can tell
		}
		return last
	}
	when := int64(i.Record.Mono)
	if !f.local {
		when = i.Record.Time.UnixNano()
	}
	latest[i.From.Addr] = max(latest[i.From.Addr], when)
	return when
}
