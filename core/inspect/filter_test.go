package inspect_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/core/message"
)

func TestFilter(t *testing.T) {
	m, err := message.Parse([]byte("<h:cluckd n:db/LOCKED name=users;tag=7"))
	require.NoError(t, err)
	m.Set("list", "a,b").Set("path", `c:\temp`)
	in := &dispatch.Event{Message: m, Link: 12, Peer: "tcp://10.0.0.7:51324", Outcome: dispatch.Failed, Handler: "lock*", Took: 10 * time.Millisecond}
	broken := &dispatch.Event{Raw: []byte("a*b"), Outcome: dispatch.Malformed, Peer: "tcp://10.0.0.7:51324"}
	for _, c := range []struct {
		text        string
		in, broken_ bool
	}{
		{"LOCKED", true, false}, {"LOCK*", true, false}, {"!LOCK*", false, true}, {"UNLOCK*", false, false},
		{"service=db", true, false}, {"server=n", true, false}, {"from_service=cluckd", true, false}, {"from-server=h", true, false},
		{"peer=tcp://10.0.0.*", true, true}, {"!peer=tcp:*", false, false}, {"direction=in", true, true}, {"direction=out", false, false},
		{"param.tag", true, false}, {"param.tag=7", true, false}, {"param.tag=8", false, false}, {"param.none", false, false}, {"!param.none", true, true},
		{`param.list=a\,b`, true, false}, {`param.list=a\,c`, false, false}, {`param.list=a\,b,param.tag=8`, false, false},
		{`param.path=c:\\temp,param.tag`, true, false}, {`param.path=c:\temp`, true, false}, {`param.path=c:\`, false, false},
		{`!param.path=c:\\,param.none`, false, false}, {`!param.list=a\,`, true, true},
		{"outcome=sent", false, false}, {"outcome=failed", true, false}, {"outcome=malformed", false, true}, {"outcome=[fm]*", true, true},
		{"handler=lock\\*", false, false}, {"handler=lock?", true, false}, {"link=12", true, false}, {"link=1?", true, false},
		{"took=10ms", true, false}, {"took>=10ms", true, false}, {"took>11ms", false, false}, {"took<11ms", true, true}, {"!took<11ms", false, false},
		{"LOCK*,service=db,took>1ms", true, false}, {"LOCK*,service=other", false, false},
	} {
		t.Run(c.text, func(t *testing.T) {
			f, err := inspect.ParseFilter(c.text)
			require.NoError(t, err)
			require.Equal(t, c.in, f.Match(in))
			require.Equal(t, c.broken_, f.Match(broken))
		})
	}
	f, err := inspect.ParseFilter("STOP", "param.name=u*")
	require.NoError(t, err)
	require.True(t, f.Match(in), "one alternative is enough")
	require.True(t, inspect.Filter{}.Match(broken))
	out := *in
	out.Direction, out.Took = dispatch.Out, 0
	f, err = inspect.ParseFilter("took<1s")
	require.NoError(t, err)
	require.False(t, f.Match(&out), "what is sent has no handler")
}

func TestWrongFilters(t *testing.T) {
	for text, want := range map[string]string{
		"": "empty", "LOCK,": "empty", "!": "empty", "lock": "capitals", "A-B": "cannot be in one", "param.=x": "name of a parameter",
		"nonsense=1": "no field", "direction=up": "in or out", "outcome=fine": "outcome is", "took=soon": `took: "soon": it is not a duration`, "took<=1s": "followed by",
		"took": "capitals", "tooks=1s": "no field", "=1s": "no field", "<1s": "cannot be in one",
		"command=": "empty", "peer=[a": "not closed",
	} {
		_, err := inspect.ParseFilter(text)
		var wrong *inspect.FilterError
		require.ErrorAs(t, err, &wrong, text)
		require.ErrorContains(t, err, want, text)
		require.Equal(t, text, wrong.Text)
	}
	_, err := inspect.ParseFilter("pear=1")
	var wrong *inspect.FilterError
	require.ErrorAs(t, err, &wrong)
	require.Equal(t, "pear", wrong.Field)
	require.Contains(t, wrong.Known, "outcome")
	for _, text := range []string{"outcome=failed", "took>1s", "link=1"} {
		_, err := inspect.ParseMessageFilter(text)
		require.Error(t, err, "of messages that nobody traced it is not known")
	}
}

func TestFilterAllocatesNothing(t *testing.T) {
	m, err := message.Parse([]byte("<h:cluckd n:db/LOCKED name=users;tag=7"))
	require.NoError(t, err)
	ev := &dispatch.Event{Message: m, Link: 12, Peer: "tcp://10.0.0.7:51324", Handler: "lock"}
	f, err := inspect.ParseFilter("LOCK*,service=db,peer=tcp:*,link=12,outcome=handled,handler=l*,took<1s,param.tag=7,direction=in")
	require.NoError(t, err)
	require.Zero(t, testing.AllocsPerRun(100, func() { require.True(t, f.Match(ev)) }))
}

func FuzzParseFilter(f *testing.F) {
	for _, seed := range []string{"LOCK*,service=db", "!took>=10ms", "param.x=a\\,b", "link=1?,outcome=[a-z]*", "direction=in"} {
		f.Add(seed)
	}
	m, err := message.Parse([]byte("<h:cluckd n:db/LOCKED name=users;tag=7"))
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, text string) {
		if filter, err := inspect.ParseFilter(text); err == nil {
			filter.Match(&dispatch.Event{Message: m})
			filter.Match(&dispatch.Event{})
		}
	})
}
