package reactor_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/reactor"
)

// fetcher notes its calls; more limits how many fetch at a time.
type fetcher struct {
	name string
	log  *[]string
	more func() bool
	then func(s reactor.Source)
}

func (f *fetcher) OnFetch(reactor.Source) bool {
	*f.log = append(*f.log, "fetch "+f.name)
	return f.more()
}

func (f *fetcher) OnFetched() { *f.log = append(*f.log, "fetched "+f.name) }

func (f *fetcher) OnReady(s reactor.Source, _ reactor.Interest) {
	*f.log = append(*f.log, "ready "+f.name)
	f.then(s)
}

func TestFetch(t *testing.T) {
	for _, c := range []struct {
		name    string
		sources int
		more    func(calls int) bool
		first   func(all []reactor.Source) // done by the callback of the first source
		want    []string
		panics  int
	}{
		{name: "one", sources: 1, want: []string{"ready 0"}},
		{name: "many", sources: 4, want: []string{"fetch 0", "fetch 1", "fetch 2", "fetch 3", "fetched 3", "ready 0", "ready 1", "ready 2", "ready 3"}},
		{name: "limited", sources: 7, more: func(calls int) bool { return calls%2 != 0 }, want: []string{
			"fetch 0", "fetch 1", "fetched 1", "ready 0", "ready 1", "fetch 2", "fetch 3", "fetched 3", "ready 2", "ready 3", "fetch 4", "fetch 5", "fetched 5", "ready 4", "ready 5", "ready 6"}},
		{name: "removed and disabled meanwhile", sources: 5, first: func(all []reactor.Source) {
			all[1].Remove()
			require.NoError(t, all[2].SetEnabled(false))
			require.NoError(t, all[3].SetInterest(reactor.Write))
		}, want: []string{"fetch 0", "fetch 1", "fetch 2", "fetch 3", "fetch 4", "fetched 4", "ready 0", "ready 4"}},
		{name: "removed before", sources: 7, more: func(calls int) bool { return calls != 2 }, first: func(all []reactor.Source) { all[3].Remove() }, want: []string{
			"fetch 0", "fetch 1", "fetched 1", "ready 0", "ready 1", "fetch 2", "fetch 4", "fetch 5", "fetch 6", "fetched 6", "ready 2", "ready 4", "ready 5", "ready 6"}},
		{name: "panic", sources: 4, more: func(calls int) bool {
			if calls == 2 {
				panic("oops")
			}
			return true
		}, want: []string{"fetch 0", "fetch 1", "ready 0", "ready 1", "fetch 2", "fetch 3", "fetched 3", "ready 2", "ready 3"}, panics: 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, _ := loggedLoop(t)
			var log []string
			var all []reactor.Source
			calls, more := 0, c.more
			if more == nil {
				more = func(int) bool { return true }
			}
			for i := range c.sources {
				f := &fetcher{name: fmt.Sprint(i), log: &log, more: func() bool { calls++; return more(calls) }}
				f.then = func(s reactor.Source) {
					if i == 0 && c.first != nil {
						c.first(all)
					}
					s.Remove()
					if i == c.sources-1 {
						l.Stop()
					}
				}
				s, err := l.Add(readable(t), f, reactor.SourceOptions{Name: f.name, Interest: reactor.Read})
				require.NoError(t, err)
				all = append(all, s)
			}
			run(t, l)
			require.Equal(t, c.want, log)
			require.EqualValues(t, c.panics, l.Stats().Panics)
		})
	}
}
