package tail

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

func entryOf(t *testing.T, line string) *entry {
	e := &entry{at: time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC), peer: "tcp://127.0.0.1:5", link: 3}
	m, err := message.Parse([]byte(line))
	if err != nil {
		e.text, e.err = []byte(line), err
		return e
	}
	e.m, e.text = m, m.AppendReceived(nil)
	return e
}

func TestPrinter(t *testing.T) {
	unsent := func(e *entry) { e.out, e.err = true, errors.New("write queue full") }
	for name, c := range map[string]struct {
		printer printer
		line    string
		change  func(*entry)
		want    string
	}{
		"text":            {printer{}, "<a:b c/STOP x=1", nil, "03:04:05.678901 <- tcp://127.0.0.1:5 <a:b c/STOP x=1\n"},
		"text out":        {printer{}, "STOP", func(e *entry) { e.out = true }, "03:04:05.678901 -> tcp://127.0.0.1:5 STOP\n"},
		"no time":         {printer{stamps: "none"}, "STOP", nil, "<- tcp://127.0.0.1:5 STOP\n"},
		"first delta":     {printer{stamps: "delta"}, "STOP", nil, "+0.000000 <- tcp://127.0.0.1:5 STOP\n"},
		"unnamed peer":    {printer{stamps: "none"}, "STOP", func(e *entry) { e.peer = "" }, "<- (unnamed) STOP\n"},
		"bytes in a pipe": {printer{stamps: "none"}, "STOP x=\x1b[2J\xff", nil, "<- tcp://127.0.0.1:5 STOP x=\x1b[2J\xff\n"},
		"bytes on a terminal": {printer{stamps: "none", terminal: true}, "STOP x=\x1b[2J\xff", nil,
			"<- tcp://127.0.0.1:5 STOP x=\\x1B[2J\\xFF\n"},
		"colour": {printer{stamps: "none", paint: true}, "a/STOP x=1", nil,
			"\x1b[36m<-\x1b[0m tcp://127.0.0.1:5 a/\x1b[1mSTOP\x1b[0m x=1\n"},
		"server without service": {printer{stamps: "none"}, "<a:b srv:STOP x=1", nil, "<- tcp://127.0.0.1:5 <a:b srv:STOP x=1\n"},
		"broken": {printer{stamps: "none"}, "A*B", nil,
			"<- tcp://127.0.0.1:5 (broken at byte 1: bad command: '*' is not allowed, only A-Z 0-9 _) A*B\n"},
		"broken bytes, also in a pipe": {printer{stamps: "none"}, "\xff\xfe\x00\n", nil,
			"<- tcp://127.0.0.1:5 (broken at byte 0: bad command: '\\xff' is not allowed, only A-Z 0-9 _) \\xFF\\xFE\\x00\\x0A\n"},
		"broken with dump": {printer{stamps: "none", hexdump: true}, "A*B", nil,
			"<- tcp://127.0.0.1:5 (broken at byte 1: bad command: '*' is not allowed, only A-Z 0-9 _) A*B\n" +
				"    00000000  41 2a 42                                          |A*B|\n"},
		"too long": {printer{stamps: "none"}, "A*B", func(e *entry) { e.text, e.err = nil, &message.TooLongError{Limit: 9} },
			"<- tcp://127.0.0.1:5 (broken at byte 9: line longer than 9 bytes)\n"},
		"not sent":   {printer{stamps: "none"}, "STOP", unsent, "-> tcp://127.0.0.1:5 (not sent: write queue full) STOP\n"},
		"raw":        {printer{form: asRaw}, "<a:b c/STOP x=1", nil, "<a:b c/STOP x=1\n"},
		"raw broken": {printer{form: asRaw}, "A*B", nil, ""},
		"json": {printer{form: asJSON}, "<a:b c/STOP x=\"1;2\"", nil,
			`{"v":1,"time":"2026-01-02T03:04:05.678901Z","peer":"tcp://127.0.0.1:5","link":3,"direction":"in",` +
				`"sent-from-server":"a","sent-from-service":"b","service":"c","command":"STOP","parameters":{"x":"1;2"}}` + "\n"},
		"json not UTF-8": {printer{form: asJSON}, "STOP x=\xff", nil,
			`{"v":1,"time":"2026-01-02T03:04:05.678901Z","peer":"tcp://127.0.0.1:5","link":3,"direction":"in","raw_base64":"U1RPUCB4Pf8="}` + "\n"},
		"json C1 on a terminal": {printer{form: asJSON, terminal: true}, "STOP x=\u009b2J", nil,
			`{"v":1,"time":"2026-01-02T03:04:05.678901Z","peer":"tcp://127.0.0.1:5","link":3,"direction":"in",` +
				`"command":"STOP","parameters":{"x":"\u009b2J"}}` + "\n"},
		"json broken": {printer{form: asJSON}, "A*B", nil,
			`{"v":1,"time":"2026-01-02T03:04:05.678901Z","peer":"tcp://127.0.0.1:5","link":3,"direction":"in",` +
				`"error":"bad message at byte 1: bad command: '*' is not allowed, only A-Z 0-9 _","offset":1,"raw_base64":"QSpC"}` + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			e := entryOf(t, c.line)
			if c.change != nil {
				c.change(e)
			}
			require.Equal(t, c.want, string(c.printer.append(nil, e)))
		})
	}
}

func TestDelta(t *testing.T) {
	p := printer{stamps: "delta"}
	e := entryOf(t, "STOP")
	p.append(nil, e)
	e.at = e.at.Add(1500 * time.Millisecond)
	require.True(t, strings.HasPrefix(string(p.append(nil, e)), "+1.500000 <-"))
}

func TestLongBrokenLinesAreCut(t *testing.T) {
	p := printer{stamps: "none", hexdump: true}
	line := "STOP x=" + strings.Repeat("y", 5000) + "\x00" + strings.Repeat("z", 5000)
	got := string(p.append(nil, entryOf(t, line)))
	require.Contains(t, got, ") STOP x=yyyy")
	require.Contains(t, got, "… (10008 bytes)\n")
	require.Contains(t, got, "broken at byte 5007")
	require.Contains(t, got, "    00001380  79 79 79 79 79 79 79 79  79 79 79 79 79 79 79 00  |yyyyyyyyyyyyyyy.|\n", "the dump is of where it broke")
	require.Less(t, len(got), 3000)
}

// What listen prints, the reader of `ed send --json` takes back: the same messages, and nothing else.
func TestJSONIsReadBack(t *testing.T) {
	lines := []string{"STOP", "<a:b c:d/X y=\"1;2\";z=\\n", "X y=\xff\xfe", "A*B", "*/Y q=ü", "srv:BARE x=1"}
	p := printer{form: asJSON}
	var all []byte
	for _, line := range lines {
		all = p.append(all, entryOf(t, line))
	}
	all = append(all, `{"v":1,"event":"on","for":"X","exit":0}`+"\n"...)
	r := toolkit.NewMessageReader(strings.NewReader(string(all)), "test")
	var got []string
	for {
		rec, err := r.Next(t.Context())
		if err != nil {
			break
		}
		require.NoError(t, rec.Err)
		got = append(got, rec.Message.String())
	}
	require.Equal(t, []string{"STOP", "<a:b c:d/X y=\"1;2\";z=\\n", "X y=\xff\xfe", "*/Y q=ü"}, got)
	require.Equal(t, 3, r.Skipped(), "the broken line, the one that cannot be sent, and the event")
}
