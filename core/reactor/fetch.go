package reactor

// Fetcher is implemented by handlers that can take from the kernel what has arrived before they deal with it. Where several sources of
// a turn are ready to be read, OnFetch of many comes first, then OnFetched of the last of them, and then OnReady of each, in the same
// order. So one engine can make the system calls of all its sources in a row, and what the processor does many times in a row it does
// from its cache.
//
// A source whose OnFetch was called gets no OnReady if it is removed meanwhile, or waits for nothing any more.
type Fetcher interface {
	// OnFetch says that the source is among those to fetch for. It must not block. False: no more should be before these are dealt with.
	OnFetch(s Source) (more bool)
	// OnFetched comes after the OnFetch of many.
	OnFetched()
}

// fewFetch is how many sources must be ready for OnFetch to be worth it.
const fewFetch = 2

// fetch lets the next of the ready sources fetch.
func (l *Loop) fetch() {
	if len(l.ready)-l.at < fewFetch {
		l.ahead = len(l.ready)
		return
	}
	l.cur.kind = inFetch
	var last Fetcher
	for more := true; more && l.ahead < len(l.ready); {
		r := l.ready[l.ahead].ref
		l.ahead++ // before the call, which may panic
		if s := l.places.slot(r.slot); s.gen != r.gen || s.ready&s.wanted()&Read == 0 {
			continue
		}
		if f, ok := l.places.owner(r.slot).handler.(Fetcher); ok {
			more, last = f.OnFetch(Source{l, r.slot, r.gen}), f
		}
	}
	if last != nil {
		last.OnFetched()
	}
	l.mark()
}
