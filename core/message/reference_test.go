package message_test

import (
	"bytes"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/message"
)

// The decoder is compared with this one, which is slow and plainly the grammar of docs/PROTOCOL.md.
var (
	refHead = regexp.MustCompile(`(?s)^(?:<([A-Za-z0-9_][A-Za-z0-9_.-]*)?:([A-Za-z_][A-Za-z0-9_]*)? )?` +
		`(?:(?:([A-Za-z0-9_][A-Za-z0-9_.-]*|[.*?]):)?([A-Za-z_][A-Za-z0-9_]*|[.*?])/|([A-Za-z0-9_][A-Za-z0-9_.-]*|[.*?]):)?` +
		`([A-Z_][A-Z0-9_]*)(?: (.+))?$`)
	refParam = regexp.MustCompile(`(?s)^([A-Za-z_][A-Za-z0-9_]*)=` +
		`(?:"((?:\\["\\]|\\?[^"\\\x00\n])*)"|([^;"\x00\n][^;\x00\n]*)?)(?:;|$)`)
	refUnescape = strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\r`, "\r")
	refUnquote  = strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\r`, "\r", `\"`, `"`)
	refEscape   = strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`)
	refQuote    = strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`, `"`, `\"`)
)

// refMessage is a message as plain strings.
type refMessage struct {
	fromServer, fromService, server, service, command string
	params                                            map[string]string
}

func refDecode(line string) (m refMessage, ok bool) {
	line = strings.Trim(line, " \t\n\v\f\r")
	head := refHead.FindStringSubmatch(line)
	if head == nil {
		return m, false
	}
	m = refMessage{head[1], head[2], head[3] + head[5], head[4], head[6], map[string]string{}}
	for rest := head[7]; rest != ""; {
		at := refParam.FindStringSubmatchIndex(rest)
		if at == nil {
			return m, false
		}
		value := ""
		if at[4] >= 0 {
			value = refUnquote.Replace(rest[at[4]:at[5]])
		} else if at[6] >= 0 {
			value = refUnescape.Replace(rest[at[6]:at[7]])
		}
		m.params[rest[at[2]:at[3]]] = value
		rest = rest[at[1]:]
	}
	return m, true
}

// encode returns the canonical text, "" when there is none.
func (m refMessage) encode() string {
	if m.server != "" && m.service == "" {
		return ""
	}
	var b strings.Builder
	if m.fromServer+m.fromService != "" {
		b.WriteString("<" + m.fromServer + ":" + m.fromService + " ")
	}
	if m.service != "" {
		if m.server != "" {
			b.WriteString(m.server + ":")
		}
		b.WriteString(m.service + "/")
	}
	b.WriteString(m.command)
	separator := " "
	for _, name := range slices.Sorted(maps.Keys(m.params)) {
		value := m.params[name]
		if strings.Contains(value, ";") || strings.HasPrefix(value, `"`) || strings.TrimRight(value, " \t\v\f") != value {
			value = `"` + refQuote.Replace(value) + `"`
		} else {
			value = refEscape.Replace(value)
		}
		b.WriteString(separator + name + "=" + value)
		separator = ";"
	}
	return b.String()
}

// requireLike requires that m is what the reference decoder found.
func (want refMessage) requireLike(t require.TestingT, m *message.Message) {
	require.Equal(t, want.fromServer, m.SentFromServer())
	require.Equal(t, want.fromService, m.SentFromService())
	require.Equal(t, want.server, m.Server())
	require.Equal(t, want.service, m.Service())
	require.Equal(t, want.command, m.Command())
	for name, value := range want.params { // before Len, which puts them into order
		got, ok := m.Get(name)
		require.True(t, ok, "parameter %s", name)
		require.Equal(t, value, got, "parameter %s", name)
	}
	require.Equal(t, len(want.params), m.Len())
	require.Equal(t, want.params, maps.Collect(m.Params()))
}

// requireSame requires that our decoders and the encoder do with a line what the reference does: the one that goes from mark to
// mark, the one for lines that are simple, and the one that indexes a line alone, or among others, wherever in a block it begins and whatever is behind it in memory. All forms of pairs find the same in it.
func requireSame(t require.TestingT, line []byte) {
	more := append(bytes.Clone(line), "\nA b=1;c=\"; \"\n"...)
	require.True(t, message.Alike(bytes.Repeat(more, 1+256/len(more))), "%q", line)
	requireSameBy(t, line, (*message.Message).DecodeText)
	if bytes.HasPrefix(bytes.TrimLeft(line, " \t\n\v\f\r"), []byte("{")) {
		return
	}
	requireSameBy(t, line, (*message.Message).Decode)
	requireSameBy(t, line, (*message.Message).DecodeSimply)
	if len(line) == 0 || bytes.IndexByte(line, '\n') >= 0 {
		return
	}
	before := []string{"", "A\n", "A b=1;c=\"; \"\n", "<a:b c/D e=1\n", "A b=\\\\\n", "A b=\"\n", "a\n", "A c=1;b=2\n", "{\"command\":\"A\"}\n", "\n\r\n"}[len(line)%10]
	behind := []string{"\n", "\n=1;b=2", "\n\"; \"\n", "\n" + strings.Repeat("a", 80), "\nA b=1\n", "\n\n"}[len(line)%6]
	before = strings.Repeat("A v="+strings.Repeat("v", len(line)%67)+"\n", len(line)%3) + before
	stream := []byte(before + string(line) + behind)
	var m message.Message
	found := false
	d := message.NewDecoder(message.DecoderOptions{Limit: len(stream)})
	require.NoError(t, d.Decode(stream, &m, receiver(func(got []byte, err error) bool {
		if &got[0] == &stream[len(before)] {
			found = true
			require.Equal(t, string(bytes.TrimSuffix(line, []byte("\r"))), string(got))
			requireDecoded(t, got, &m, err)
		}
		return true
	})))
	require.Equal(t, string(line) != "\r", found, "%q in %q", line, stream)
}

// receiver is a message.Receiver.
type receiver func(line []byte, err error) bool

func (f receiver) OnLine(line []byte, err error) bool { return f(line, err) }

func (f receiver) OnMessages(b *message.Batch) bool {
	for b.Next() {
		if !f(b.Line(), nil) {
			return false
		}
	}
	return true
}

func requireSameBy(t require.TestingT, line []byte, decode func(*message.Message, []byte) error) {
	m := &message.Message{}
	requireDecoded(t, line, m, decode(m, line))
}

// requireDecoded requires that m and err are what comes of a line.
func requireDecoded(t require.TestingT, line []byte, m *message.Message, err error) {
	want, ok := refDecode(string(line))
	if !ok {
		require.Error(t, err, "%q", line)
		require.Empty(t, m.Command(), "half-decoded %q", line)
		require.Zero(t, m.Len(), "half-decoded %q", line)
		requireOffset(t, err, line)
		return
	}
	require.NoError(t, err, "%q", line)
	canonical := m.Canonical()
	untouched := m.Clone()
	want.requireLike(t, m)

	text, err := m.AppendText(nil)
	if want.encode() == "" {
		require.Error(t, err, "%q", line)
		return
	}
	require.NoError(t, err, "%q", line)
	require.Equal(t, want.encode(), string(text), "%q", line)
	text2, err := untouched.AppendText(nil)
	require.NoError(t, err, "%q", line)
	require.Equal(t, string(text), string(text2), "%q: values were unescaped in one of them", line)

	body := func(s string) string { _, p, _ := strings.Cut(s[len(s)-len(afterHead(s)):], " "); return p }
	trimmed := string(bytes.Trim(line, " \t\n\v\f\r"))
	require.Equal(t, body(trimmed) == body(string(text)), canonical, "%q: canonical", line)
}

// afterHead returns a message without its "<server:service ".
func afterHead(s string) string {
	if strings.HasPrefix(s, "<") {
		_, s, _ = strings.Cut(s, " ")
	}
	return s
}

// requireOffset requires that an error says where in the line it is, and really why.
func requireOffset(t require.TestingT, err error, line []byte) {
	if err == message.ErrEmpty {
		require.Empty(t, bytes.Trim(line, " \t\n\v\f\r"))
		return
	}
	var syntax *message.SyntaxError
	require.ErrorAs(t, err, &syntax)
	require.GreaterOrEqual(t, syntax.Offset, 0)
	require.LessOrEqual(t, syntax.Offset, len(line))
	require.NotEqual(t, "it is malformed", syntax.Reason, "%q: no reason found", line)
}

func TestReferenceOnVectors(t *testing.T) {
	for _, v := range vectors(t) {
		if strings.HasPrefix(v.In, "{") {
			continue
		}
		_, ok := refDecode(v.In)
		require.Equal(t, v.OK, ok, "%q", v.In)
		requireSame(t, []byte(v.In))
	}
}

// TestReferenceOnMutations takes bytes of the vectors out, doubles them and turns them into the bytes that matter.
func TestReferenceOnMutations(t *testing.T) {
	all := vectors(t)
	bytesThatMatter := []byte("=;\"\\ nr\n\r\t\x00a0Z_<:/.*-\xe9\x7f{")
	for i := 0; i < len(all); i += 29 {
		line := all[i].In
		for at := range len(line) {
			c := bytesThatMatter[(i+at)%len(bytesThatMatter)]
			requireSame(t, []byte(line[:at]+line[at+1:]))
			requireSame(t, []byte(line[:at]+string(c)+line[at:]))
			requireSame(t, append(append([]byte(line[:at]), c), line[at+1:]...))
			requireSame(t, []byte(line[:at]))
		}
	}
}

// TestReferenceOnLengths moves everything that matters over every place relative to the words and blocks of the scan.
func TestReferenceOnLengths(t *testing.T) {
	tails := []string{
		"", ";", ";b=1", ` `, `x `, `\`, `\\`, `\n;b="q;r"`, `\x`, ";b=\"\"", ";b=\" \"", ";b=\";\"", ";b=\"x", ";b=\"x\"y", ";b=\"\\\"\"", ";b=\"\\\\\"",
		"\x00", "\n", "\r", "\t", "\xff", ";b", ";b=;c=2", ";;", ";a=2", ";0=1", ";abcdefgh=1", ";abcdefghi=1;abcdefghj=2", ";abcdefghij=1;abcdefghi=2",
	}
	for n := range 150 {
		value := strings.Repeat("v", n)
		for _, tail := range tails {
			requireSame(t, []byte("X a="+value+tail))
			requireSame(t, []byte("X a=\""+value+";\""+tail))
		}
		requireSame(t, []byte("X "+strings.Repeat("n", n)+"=1;"+strings.Repeat("n", n+1)+"=2"))
		requireSame(t, []byte(strings.Repeat("X", n)+" a=1"))
		requireSame(t, []byte(strings.Repeat("x", n)+"/X a=1"))
	}
}
