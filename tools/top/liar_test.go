package top

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
)

// lie serves a control socket in dir that answers each question with these tables, whatever their names, cells as they are.
func lie(t *testing.T, dir string, tables map[string][]string) {
	l, err := net.Listen("unix", filepath.Join(dir, fmt.Sprintf("liar.%d.sock", os.Getpid())))
	require.NoError(t, err)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				for lines := bufio.NewScanner(c); lines.Scan(); {
					m, _ := message.Parse(lines.Bytes())
					name, asked := m.Get("table")
					if !asked {
						name = "tables"
					}
					serial, _ := m.Get("serial")
					begin := message.New("TABLE").Set("table", name).Set("serial", serial).Set("columns", "name:label::key")
					_, _ = fmt.Fprintln(c, begin)
					for _, cell := range tables[name] {
						_, _ = fmt.Fprintln(c, message.New("ROW").Set("table", name).Set("serial", serial).Set("name", cell))
					}
					_, _ = fmt.Fprintln(c, message.New("TABLE_END").Set("table", name).Set("serial", serial))
				}
			}()
		}
	}()
	t.Cleanup(func() { l.Close(); <-ended })
}

// What a service calls its tables steers no terminal: names that are none are passed over.
func TestPollNamesOfTables(t *testing.T) {
	dir, look := polling(t, &poller{timeout: 10 * time.Second})
	lie(t, dir, map[string][]string{"tables": {"process", "x\x1b]0;title\a", "a,b", "", "fish"}, "process": {"liar"}})
	s := look("process")
	require.Equal(t, []string{"liar"}, names(s))
	require.Equal(t, []string{"process", "fish"}, s.processes[0].tables)
}

// What a service says steers no terminal in any form of output; a pipe gets it as it came.
func TestPlainOnATerminal(t *testing.T) {
	const hostile = "\x1b]0;title\a\u202e"
	for _, form := range []form{asText, asJSON, asCSV} {
		f := framer{table: "t"}
		frame := f.frame(counted(0, false, []string{hostile, "1", hostile}))
		w := toolkittest.New(t)
		w.Terminal(80)
		p := printer{out: w.Env.Output(toolkit.Common{}), options: options{form: form, look: shown(t, mono, 80, 24).look}}
		require.NoError(t, p.print("t", &frame))
		for _, never := range []string{"\x1b", "\a", "\u202e"} {
			require.NotContains(t, w.Out.String(), never, form)
		}
	}
	f := framer{table: "t"}
	frame := f.frame(counted(0, false, []string{hostile, "1", hostile}))
	w := toolkittest.New(t)
	p := printer{out: w.Env.Output(toolkit.Common{}), options: options{form: asCSV}}
	require.NoError(t, p.print("t", &frame))
	require.Contains(t, w.Out.String(), hostile)
}
