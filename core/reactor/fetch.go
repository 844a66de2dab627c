package reactor

// Fetcher is implemented by handlers that can take from the kernel what has arrived before they deal with it. Where several sources of
// a turn are ready to be read, OnFetch of many comes first, and then OnReady of the same, in the same order: what the processor does
// many times in a row it does from its cache, and for short messages that is worth a tenth of all the time.
//
// A source that has fetched gets no OnReady if it is removed meanwhile, or waits for nothing any more. OnFetch must not block, and says
// whether more may be fetched before what was is dealt with.
type Fetcher interface {
	OnFetch(s Source) (more bool)
}

// fewFetch is how many sources must be ready for OnFetch to be worth it.
const fewFetch = 4

// fetch lets the next of the ready sources fetch.
func (l *Loop) fetch() {
	if len(l.ready)-l.at < fewFetch {
		l.ahead = len(l.ready)
		return
	}
	l.cur.kind = inFetch
	for more := true; more && l.ahead < len(l.ready); {
		r := l.ready[l.ahead].ref
		l.ahead++ // before the call, which may panic
		if s := l.places.slot(r.slot); s.gen != r.gen || s.ready&s.wanted()&Read == 0 {
			continue
		}
		if f, ok := l.places.owner(r.slot).handler.(Fetcher); ok {
			more = f.OnFetch(Source{l, r.slot, r.gen})
		}
	}
	l.mark()
}
