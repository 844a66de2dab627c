package inspect_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/core/message"
)

func fish(rows int) inspect.Table {
	return inspect.Table{
		Name: "fish", Title: "what swims",
		Columns: []inspect.Column{
			{Name: "kind", Key: true, Help: "one word, or two"}, {Name: "weight", Kind: inspect.Gauge, Unit: inspect.Bytes},
			{Name: "caught", Kind: inspect.Counter}, {Name: "age", Unit: inspect.Seconds}, {Name: "born", Unit: inspect.Time},
			{Name: "alive", Unit: inspect.Flag}, {Name: "share", Unit: inspect.Percent},
		},
		Fill: func(w *inspect.Writer) {
			for i := range rows {
				w.Row().Text("cod\x00;\n" + strconv.Itoa(i)).Int(-5).Uint(7).Duration(1500 * time.Millisecond).
					Time(time.Unix(10, 5e8)).Bool(true).Float(1.5).Text("one too many")
			}
		},
	}
}

// ask plays both sides: the sheets that an INSPECT is answered with, as they arrive after encoding and decoding.
func ask(t *testing.T, c *inspect.Catalog, line string) ([]*inspect.Sheet, []string) {
	t.Helper()
	m, err := message.Parse([]byte(line))
	require.NoError(t, err)
	var r inspect.SheetReader
	var sheets []*inspect.Sheet
	var lines []string
	s, err := c.Snapshot(m, func() time.Time { return time.Unix(100, 0) }, func(m *message.Message) error {
		text, err := m.AppendText(nil)
		require.NoError(t, err)
		lines = append(lines, string(text))
		back, err := message.Parse(text)
		require.NoError(t, err)
		sheet, err := r.Add(back)
		if sheet != nil {
			sheets = append(sheets, sheet)
		}
		return err
	})
	require.NoError(t, err)
	for done := false; !done; {
		done, err = s.Step()
		require.NoError(t, err)
	}
	sent := len(lines)
	done, err := s.Step()
	require.NoError(t, err)
	require.True(t, done)
	require.Len(t, lines, sent, "there is no more")
	return sheets, lines
}

func TestTableAsMessages(t *testing.T) {
	var c inspect.Catalog
	remove, err := c.Add(fish(1))
	require.NoError(t, err)
	sheets, lines := ask(t, &c, "INSPECT table=fish;serial=3")
	require.Equal(t, []string{
		`TABLE columns=kind:label::key,weight:gauge:bytes,caught:counter:,age:label:seconds,born:label:time,alive:label:flag,share:label:percent;` +
			`help_kind=one word, or two;serial=3;table=fish;time=100;title=what swims`,
		`ROW age=1.5;alive=true;born=10.5;caught=7;kind="cod?;\n0";serial=3;share=1.500;table=fish;weight=-5`,
		`TABLE_END rows=1;serial=3;table=fish`,
	}, lines)
	s := sheets[0]
	want := fish(1)
	require.Equal(t, want.Columns, s.Columns)
	require.Equal(t, want.Title, s.Title)
	require.Equal(t, "3", s.Serial)
	require.Equal(t, time.Unix(100, 0).UTC(), s.Time.UTC())
	require.Equal(t, [][]string{{"cod?;\n0", "-5", "7", "1.5", "10.5", "true", "1.500"}}, s.Rows)
	require.Equal(t, "7", s.Value(0, "caught"))
	require.Equal(t, "", s.Value(0, "none"))
	require.False(t, s.More)
	n, ok := s.Columns[1].Number(s.Rows[0][1])
	require.True(t, ok)
	require.InDelta(t, -5, n, 0)
	d, ok := s.Columns[3].Duration("1.5")
	require.True(t, ok)
	require.Equal(t, 1500*time.Millisecond, d)
	for _, none := range []string{"", "x", "nan", "inf", "-Infinity", "1e999", "1e12", "-1e12"} {
		_, ok = s.Columns[3].Duration(none)
		require.False(t, ok, none)
	}

	require.Equal(t, []string{"fish"}, c.Names())
	sheets, lines = ask(t, &c, "INSPECT")
	require.Equal(t, [][]string{{"fish", "what swims", "kind", "7"}}, sheets[0].Rows)
	require.NotContains(t, lines[0]+lines[1]+lines[2], "serial", "it was asked for without")
	sheets, _ = ask(t, &c, "INSPECT table=fish,tables,fish")
	require.Len(t, sheets, 3)

	_, err = c.Add(fish(2))
	require.ErrorContains(t, err, "the name is taken")
	remove()
	require.Empty(t, c.Names())
	_, err = c.Add(fish(2))
	require.NoError(t, err)
	remove() // it takes away its own table alone
	require.Equal(t, []string{"fish"}, c.Names())
}

// A table that goes while others of the same question are sent has no rows.
func TestATableGoesMeanwhile(t *testing.T) {
	var c inspect.Catalog
	_, err := c.Add(fish(1))
	require.NoError(t, err)
	other := fish(1)
	other.Name = "other"
	remove, err := c.Add(other)
	require.NoError(t, err)
	var r inspect.SheetReader
	var sheets []*inspect.Sheet
	s, err := c.Snapshot(message.New("INSPECT").Set("table", "fish,other"), nil, func(m *message.Message) error {
		sheet, err := r.Add(m)
		if sheet != nil {
			sheets = append(sheets, sheet)
		}
		return err
	})
	require.NoError(t, err)
	done, err := s.Step()
	require.NoError(t, err)
	require.False(t, done)
	remove()
	done, err = s.Step()
	require.NoError(t, err)
	require.True(t, done)
	require.Len(t, sheets, 2)
	require.Len(t, sheets[0].Rows, 1)
	require.Equal(t, "other", sheets[1].Name)
	require.Empty(t, sheets[1].Rows)
}

func TestTheTableOfTables(t *testing.T) {
	var c inspect.Catalog
	_, err := c.Add(inspect.Table{
		Name: "pairs", Title: "\x00two by two", Columns: []inspect.Column{{Name: "a", Key: true}, {Name: "b", Key: true}, {Name: "c"}},
		Fill: func(*inspect.Writer) {},
	})
	require.NoError(t, err)
	sheets, _ := ask(t, &c, "INSPECT")
	s := sheets[0]
	require.True(t, s.Columns[0].Key, "a name tells tables apart")
	require.Contains(t, s.Rows, []string{"pairs", "?two by two", "a,b", "3"})
}

func TestNames(t *testing.T) {
	for _, name := range []string{"a", "z", "_", "a_b", "took_p50", "x0", "x9"} {
		require.True(t, inspect.IsName(name), name)
	}
	for _, name := range []string{"", "0", "9a", "A", "Z", "a-b", "a b", "a/", "a:", "a`", "a{", "\u00e9"} {
		require.False(t, inspect.IsName(name), name)
	}
}

func TestLongTablesComeInPieces(t *testing.T) {
	var c inspect.Catalog
	calls := 0
	_, err := c.Add(inspect.Table{Name: "long", Columns: []inspect.Column{{Name: "n"}}, Open: func() func(*inspect.Writer) bool {
		n := 0
		return func(w *inspect.Writer) bool {
			calls++
			for range 10 {
				w.Row().Int(int64(n))
				n++
			}
			return n < 50
		}
	}})
	require.NoError(t, err)
	sheets, _ := ask(t, &c, "INSPECT table=long")
	require.Len(t, sheets[0].Rows, 50)
	require.Equal(t, 5, calls)
	require.Equal(t, "49", sheets[0].Rows[49][0])

	calls = 0
	sheets, _ = ask(t, &c, "INSPECT table=long;limit=15")
	require.Len(t, sheets[0].Rows, 15)
	require.True(t, sheets[0].More)
	require.Equal(t, 2, calls)
	for limit, more := range map[string]bool{"0": true, "20": true, "49": true, "50": false} { // 20: at the end of a piece
		sheets, _ = ask(t, &c, "INSPECT table=long;limit="+limit)
		require.Equal(t, more, sheets[0].More, limit)
	}
	sheets, _ = ask(t, &c, "INSPECT table=long;limit=0")
	require.Empty(t, sheets[0].Rows)
}

func TestLimitOfAShortTable(t *testing.T) {
	var c inspect.Catalog
	_, err := c.Add(fish(3))
	require.NoError(t, err)
	for limit, more := range map[string]bool{"0": true, "2": true, "3": false, "4": false} {
		sheets, _ := ask(t, &c, "INSPECT table=fish;limit="+limit)
		require.Equal(t, more, sheets[0].More, limit)
		require.Len(t, sheets[0].Rows, min(3, int(limit[0]-'0')))
	}
}

func TestWrongTablesAreRefused(t *testing.T) {
	fill := func(*inspect.Writer) {}
	for name, table := range map[string]inspect.Table{
		"no name":       {Fill: fill},
		"capitals":      {Name: "Fish", Fill: fill},
		"the list":      {Name: "tables", Fill: fill},
		"no rows":       {Name: "x"},
		"a taken name":  {Name: "x", Fill: fill, Columns: []inspect.Column{{Name: "serial"}}},
		"another":       {Name: "x", Fill: fill, Columns: []inspect.Column{{Name: "table"}}},
		"a blank":       {Name: "x", Fill: fill, Columns: []inspect.Column{{Name: "a b"}}},
		"twice":         {Name: "x", Fill: fill, Columns: []inspect.Column{{Name: "a"}, {Name: "a"}}},
		"an odd unit":   {Name: "x", Fill: fill, Columns: []inspect.Column{{Name: "a", Unit: "a,b"}}},
		"a digit first": {Name: "x", Fill: fill, Columns: []inspect.Column{{Name: "1a"}}},
	} {
		t.Run(name, func(t *testing.T) {
			var c inspect.Catalog
			_, err := c.Add(table)
			require.Error(t, err)
		})
	}
	var c inspect.Catalog
	sheets, _ := ask(t, &c, "INSPECT table=tables"+strings.Repeat(",tables", 63))
	require.Len(t, sheets, 64)
	for _, line := range []string{"INSPECT table=none", "INSPECT limit=-1", "INSPECT table=,", "INSPECT table=tables" + strings.Repeat(",tables", 64)} {
		m, err := message.Parse([]byte(line))
		require.NoError(t, err)
		_, err = c.Snapshot(m, nil, nil)
		var wrong *message.ParamError
		require.ErrorAs(t, err, &wrong, line)
	}
}

func TestSnapshotEndsWithTheFirstError(t *testing.T) {
	broken := errors.New("broken")
	for after := range 5 {
		var c inspect.Catalog
		_, err := c.Add(fish(3))
		require.NoError(t, err)
		n := 0
		s, err := c.Snapshot(message.New("INSPECT").Set("table", "fish"), nil, func(*message.Message) error {
			if n++; n > after {
				return broken
			}
			return nil
		})
		require.NoError(t, err)
		done, err := s.Step()
		require.True(t, done)
		require.ErrorIs(t, err, broken)
		require.Equal(t, after+1, n, "nothing is sent after it")
	}
}

// What a row leaves out is not known, whatever the row before had there.
func TestCellsThatAreLeftOut(t *testing.T) {
	var c inspect.Catalog
	table := inspect.Table{Name: "x", Columns: []inspect.Column{{Name: "a"}, {Name: "b", Unit: inspect.Time}, {Name: "c"}}}
	table.Fill = func(w *inspect.Writer) {
		w.Row().Int(1).Time(time.Unix(5, 0)).Int(3)
		w.Row().Skip().Time(time.Time{}).Int(4)
		w.Row().Int(6)
	}
	_, err := c.Add(table)
	require.NoError(t, err)
	sheets, _ := ask(t, &c, "INSPECT table=x")
	require.Equal(t, [][]string{{"1", "5", "3"}, {"", "", "4"}, {"6", "", ""}}, sheets[0].Rows)
}

// A writer that looks at Full stops in time.
func TestFullSaysThatTheLimitIsReached(t *testing.T) {
	for limit := range 4 {
		var c inspect.Catalog
		rows := 0
		table := inspect.Table{Name: "x", Columns: []inspect.Column{{Name: "a"}}}
		table.Fill = func(w *inspect.Writer) {
			for rows = 0; !w.Full(); rows++ {
				w.Row().Int(1)
			}
		}
		_, err := c.Add(table)
		require.NoError(t, err)
		sheets, _ := ask(t, &c, "INSPECT table=x;limit="+strconv.Itoa(limit))
		require.Len(t, sheets[0].Rows, limit)
		require.Equal(t, limit, rows)
	}
}

// read gives lines to a reader and returns the sheets.
func read(t *testing.T, r *inspect.SheetReader, lines ...string) (sheets []*inspect.Sheet) {
	t.Helper()
	for _, line := range lines {
		m, err := message.Parse([]byte(line))
		require.NoError(t, err)
		s, err := r.Add(m)
		require.NoError(t, err, line)
		if s != nil {
			sheets = append(sheets, s)
		}
	}
	return sheets
}

func TestSheetsAtTheSameTime(t *testing.T) {
	var r inspect.SheetReader
	sheets := read(t, &r, "TABLE table=x;serial=1;columns=a:label:", "TABLE table=x;serial=2;columns=a:label:", "TABLE table=y;serial=2;columns=b:label:",
		"ROW table=x;serial=1;a=1", "ROW table=x;serial=2;a=2", "ROW table=y;serial=2;b=3", "ROW table=x;serial=2;a=4",
		"TABLE_END table=x;serial=2", "ROW table=x;serial=1;a=5", "TABLE_END table=x;serial=1", "TABLE_END table=y;serial=2")
	require.Len(t, sheets, 3)
	require.Equal(t, [][]string{{"2"}, {"4"}}, sheets[0].Rows)
	require.Equal(t, [][]string{{"1"}, {"5"}}, sheets[1].Rows)
	require.Equal(t, [][]string{{"3"}}, sheets[2].Rows)
	late, err := message.Parse([]byte("ROW table=y;serial=2;b=4"))
	require.NoError(t, err)
	_, err = r.Add(late)
	require.Error(t, err, "it has ended")

	for serial := range 200 { // one after the other: any number
		table := "table=x;serial=" + strconv.Itoa(serial)
		require.Len(t, read(t, &r, "TABLE columns=a:label:;"+table, "TABLE_END "+table), 1)
	}
	sheets = read(t, &r, "TABLE table=x;columns=b:label:,a:label:", "ROW table=x;a=1;b=2", "TABLE_END table=x")
	require.Equal(t, [][]string{{"2", "1"}}, sheets[0].Rows, "the columns are others now")

	for serial := range 64 {
		read(t, &r, "TABLE table=x;columns=a:label:;serial="+strconv.Itoa(serial))
	}
	more, err := message.Parse([]byte("TABLE table=x;columns=a:label:;serial=65"))
	require.NoError(t, err)
	_, err = r.Add(more)
	require.ErrorContains(t, err, "more than 64")
}

func TestWhatIsNoSnapshotIsRefused(t *testing.T) {
	for _, line := range []string{"ROW table=x;a=1", "TABLE_END table=x", "TABLE table=x", "TABLE table=x;columns=a", "TABLE table=x;columns=a b:label:"} {
		var r inspect.SheetReader
		m, err := message.Parse([]byte(line))
		require.NoError(t, err)
		_, err = r.Add(m)
		require.Error(t, err, line)
	}
	r := inspect.SheetReader{MaxRows: 1}
	for i, line := range []string{"OTHER", "TABLE table=x;columns=a:magic::key:later", "ROW table=x;a=1", "ROW table=x;a=2", "TABLE_END table=x"} {
		m, err := message.Parse([]byte(line))
		require.NoError(t, err)
		sheet, err := r.Add(m)
		require.Equal(t, i == 3, err != nil, line)
		if sheet != nil {
			require.Equal(t, []inspect.Column{{Name: "a", Key: true}}, sheet.Columns, "what is not known of them means nothing")
		}
	}
}
