package top

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
	"github.com/ed-toolbox/ed/transport/control"
)

// counted is a sight of one process with a table of a key, a counter and a gauge.
func counted(after time.Duration, gone bool, rows ...[]string) snapshot {
	sheet := &inspect.Sheet{Name: "t", Time: noon.Add(after), Rows: rows,
		Columns: []inspect.Column{{Name: "key", Key: true}, {Name: "count", Kind: inspect.Counter}, {Name: "size", Kind: inspect.Gauge}}}
	one := sight{socket: control.Socket{Name: "x", PID: 1}, sheets: map[string]*inspect.Sheet{"t": sheet}}
	if gone {
		one.gone = noon.Add(after)
	}
	return snapshot{at: noon.Add(after), processes: []sight{one}}
}

// Rates are of the times at which the process looked, and unknown where there is nothing to compare with.
func TestRates(t *testing.T) {
	f := framer{table: "t"}
	first := f.frame(counted(0, false, []string{"a", "100", "1"}, []string{"b", "", "1"}))
	require.EqualValues(t, noRate, first.rate(&first.rows[0], 2))
	require.Equal(t, same, first.rows[0].state, "nothing is new at the first look")
	next := f.frame(counted(2*time.Second, false, []string{"a", "150", "1"}, []string{"b", "7", "1"}, []string{"c", "9", "1"}))
	require.InDelta(t, 25, next.rate(&next.rows[0], 2), 1e-9)
	require.EqualValues(t, noRate, next.rate(&next.rows[0], 3), "a gauge has none")
	require.EqualValues(t, noRate, next.rate(&next.rows[1], 2), "it was not known")
	require.EqualValues(t, noRate, next.rate(&next.rows[2], 2))
	require.Equal(t, []state{same, same, fresh}, []state{next.rows[0].state, next.rows[1].state, next.rows[2].state})
	again := f.frame(counted(2*time.Second, false, []string{"a", "150", "1"}))
	require.InDelta(t, 25, again.rate(&again.rows[0], 2), 1e-9, "no newer answer: as it was")
	back := f.frame(counted(4*time.Second, false, []string{"a", "10", "2"}))
	require.EqualValues(t, noRate, back.rate(&back.rows[0], 2), "it began anew")
	require.Equal(t, changed, back.rows[0].state)
}

// Rows that have gone fade and go; so do those of a process.
func TestRowsFade(t *testing.T) {
	f := framer{table: "t"}
	f.frame(counted(0, false, []string{"a", "1", "1"}, []string{"b", "1", "1"}))
	next := f.frame(counted(time.Second, false, []string{"a", "2", "1"}))
	require.Len(t, next.rows, 2)
	require.Equal(t, dead, next.rows[1].state)
	require.Len(t, f.frame(counted(time.Second+fadeFor, false, []string{"a", "3", "1"})).rows, 1)
	next = f.frame(counted(20*time.Second, true, []string{"a", "3", "1"}))
	require.Equal(t, dead, next.rows[0].state)
	require.Empty(t, f.frame(snapshot{at: noon.Add(21 * time.Second)}).rows, "the process has faded for its time")
}

// Two rows of one name are two rows.
func TestRowsOfOneName(t *testing.T) {
	f := framer{table: "t"}
	f.frame(counted(0, false, []string{"a", "1", "1"}, []string{"a", "10", "1"}))
	next := f.frame(counted(time.Second, false, []string{"a", "2", "1"}, []string{"a", "20", "1"}))
	require.Len(t, next.rows, 2)
	require.InDelta(t, 1, next.rate(&next.rows[0], 2), 1e-9)
	require.InDelta(t, 10, next.rate(&next.rows[1], 2), 1e-9)
}

// A service that tells nonsense for numbers spoils neither the screen nor what scripts read of others.
func TestNonsenseForNumbers(t *testing.T) {
	for _, pair := range [][2]string{{"1", "inf"}, {"-1e308", "1e308"}, {"nan", "1"}, {"-inf", "5"}, {"1", "0x"}} {
		f := framer{table: "t"}
		f.frame(counted(0, false, []string{"a", pair[0], "1"}))
		next := f.frame(counted(time.Second, false, []string{"a", pair[1], "nan"}))
		require.EqualValues(t, noRate, next.rate(&next.rows[0], 2), pair)
		w := toolkittest.New(t)
		p := printer{out: w.Env.Output(toolkit.Common{}), options: options{form: asJSON}}
		require.NoError(t, p.print("t", &next))
		require.Contains(t, w.Out.String(), `"size":"nan"`, "it is shown as the text that it is")
	}
}

// A column that is called as what we print, or as another's rate, takes the place of neither.
func TestNamesThatAreTaken(t *testing.T) {
	columns := []inspect.Column{{Name: "time", Key: true}, {Name: "gone"}, {Name: "dropped", Kind: inspect.Counter}, {Name: "dropped_rate", Kind: inspect.Counter}, {Name: "process"}}
	sheet := func(at time.Duration, cells ...string) snapshot {
		s := inspect.Sheet{Name: "t", Columns: columns, Time: noon.Add(at), Rows: [][]string{cells}}
		return snapshot{at: s.Time, processes: []sight{{socket: control.Socket{Name: "us", PID: 1}, sheets: map[string]*inspect.Sheet{"t": &s}}}}
	}
	f := framer{table: "t"}
	f.frame(sheet(0, "noon", "fishing", "1", "10", "them"))
	next := f.frame(sheet(time.Second, "noon", "fishing", "3", "15", "them"))
	w := toolkittest.New(t)
	p := printer{out: w.Env.Output(toolkit.Common{}), options: options{form: asJSON}}
	require.NoError(t, p.print("t", &next))
	require.JSONEq(t, `{"v": 1, "time": "`+next.at.UTC().Format(time.RFC3339Nano)+`", "table": "t", "process": "us.1", "time_": "noon", "gone_": "fishing",
		"dropped": 3, "dropped_rate": 15, "process_": "them", "dropped_rate_": 2, "dropped_rate_rate": 5}`, w.Out.String())
	w = toolkittest.New(t)
	p = printer{out: w.Env.Output(toolkit.Common{}), options: options{form: asCSV}}
	require.NoError(t, p.print("t", &next))
	require.Contains(t, w.Out.String(), "time,table,process,time_,gone_,dropped,dropped_rate,process_\n")
}

// What is not known is the last whichever way the rows are sorted: it must not hide the largest.
func TestUnknownIsLast(t *testing.T) {
	f := framer{table: "t"}
	frame := f.frame(counted(0, false, []string{"a", "", ""}, []string{"b", "", "7"}, []string{"c", "", "9"}, []string{"d", "", "odd"}))
	require.Equal(t, []int{1, 2, 3, 0}, order{column: "size"}.arrange(&frame))
	require.Equal(t, []int{3, 2, 1, 0}, order{column: "size", reverse: true}.arrange(&frame))
}

// The columns that are to be seen first are those that services have.
func TestPreferredColumnsExist(t *testing.T) {
	_, look := polling(t, &poller{timeout: 10 * time.Second})
	toolkittest.Serve(t, "alpha").Receive("STOPS")
	look()
	for _, table := range []string{"process", "commands", "loop"} {
		f := framer{table: table}
		frame := f.frame(look(table))
		for _, name := range preferred[table] {
			require.True(t, slices.ContainsFunc(frame.columns, func(c inspect.Column) bool { return c.Name == name }), "%s has no column %s", table, name)
		}
	}
}
