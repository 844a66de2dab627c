package message_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/message"
)

func TestDecode(t *testing.T) {
	type params = map[string]string
	cases := []struct {
		name, line string
		want       refMessage
	}{
		{"command", "CMD", refMessage{command: "CMD"}},
		{"white space around", " \t\v\f\r\nCMD a=b \t\v\f\r\n", refMessage{command: "CMD", params: params{"a": "b"}}},
		{"command and blank", "CMD ", refMessage{command: "CMD"}},
		{"empty value", "CMD a=", refMessage{command: "CMD", params: params{"a": ""}}},
		{"empty quotes", `CMD a=""`, refMessage{command: "CMD", params: params{"a": ""}}},
		{"semicolon at the end", "CMD a=b;", refMessage{command: "CMD", params: params{"a": "b"}}},
		{"equals in value", "CMD a=b=c", refMessage{command: "CMD", params: params{"a": "b=c"}}},
		{"quote in value", `CMD a=x"y`, refMessage{command: "CMD", params: params{"a": `x"y`}}},
		{"leading blank", "CMD a= x", refMessage{command: "CMD", params: params{"a": " x"}}},
		{"quoted blank", `CMD a=" "`, refMessage{command: "CMD", params: params{"a": " "}}},
		{"last duplicate", "CMD a=1;b=x;a=2", refMessage{command: "CMD", params: params{"a": "2", "b": "x"}}},
		{"escapes", `CMD a=\\n\n\r`, refMessage{command: "CMD", params: params{"a": "\\n\n\r"}}},
		{"other backslashes stay", `CMD a=\t\"\x\`, refMessage{command: "CMD", params: params{"a": `\t\"\x\`}}},
		{"escapes in quotes", `CMD a="\n\\n\"\t"`, refMessage{command: "CMD", params: params{"a": "\n\\n\"\\t"}}},
		{"backslash before the closing quote", `CMD a=";\\";b=x`, refMessage{command: "CMD", params: params{"a": `;\`, "b": "x"}}},
		{"raw CR in value", "CMD a=x\ry", refMessage{command: "CMD", params: params{"a": "x\ry"}}},
		{"bytes that are not UTF-8", "CMD a=\xff\xfe", refMessage{command: "CMD", params: params{"a": "\xff\xfe"}}},
		{"sender", "<a:b CMD", refMessage{fromServer: "a", fromService: "b", command: "CMD"}},
		{"sender's service", "<:b CMD", refMessage{fromService: "b", command: "CMD"}},
		{"sender's server", "<a: CMD", refMessage{fromServer: "a", command: "CMD"}},
		{"empty sender", "<: CMD", refMessage{command: "CMD"}},
		{"host names", "<my-host.lan:svc 10.0.0.1:svc/CMD", refMessage{fromServer: "my-host.lan", fromService: "svc", server: "10.0.0.1", service: "svc", command: "CMD"}},
		{"server alone", "srv:CMD", refMessage{server: "srv", command: "CMD"}},
		{"everyone", "*:*/CMD", refMessage{server: "*", service: "*", command: "CMD"}},
		{"this node", "./CMD", refMessage{service: ".", command: "CMD"}},
		{"private network", "?/CMD", refMessage{service: "?", command: "CMD"}},
		{"all of it", `<a:b c:d/CMD e=1;f=2`, refMessage{"a", "b", "c", "d", "CMD", params{"e": "1", "f": "2"}}},
		{"more than eight", "C a=1;b=2;c=3;d=4;e=5;f=6;g=7;h=8;i=9;j=0", refMessage{command: "C", params: params{
			"a": "1", "b": "2", "c": "3", "d": "4", "e": "5", "f": "6", "g": "7", "h": "8", "i": "9", "j": "0"}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if c.want.params == nil {
				c.want.params = params{}
			}
			requireSame(t, []byte(c.line))
			m, err := message.Parse([]byte(c.line))
			require.NoError(t, err)
			c.want.requireLike(t, m)
			require.False(t, m.IsJSON())
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	cases := []struct {
		line   string
		offset int
		reason string
	}{
		{"cmd", 0, `bad command: 'c' is not allowed, only A-Z 0-9 _`},
		{"  CMd", 4, "'d' is not allowed"},
		{"1CMD", 0, "begins with a digit"},
		{"fo-o", 0, "'f' is not allowed"},
		{"A*B", 1, "'*' is not allowed"},
		{"CMD\ta=b", 3, `'\t' is not allowed`},
		{"CMD a=1\x00", 7, "NUL"},
		{"CMD a=1\nb", 7, "line feed"},
		{"CMD a=\"\n\"", 7, "line feed"},
		{"CMD\x00", 3, `'\x00' is not allowed`},
		{"CMD a=b;;c=d", 8, "no parameter before ';'"},
		{"CMD a=b; c=d", 8, "cannot begin with ' '"},
		{"CMD  a=b", 4, "cannot begin with ' '"},
		{"CMD a", 5, "no '='"},
		{"CMD a;b=1", 5, "no '='"},
		{"CMD =x", 4, "no parameter name"},
		{"CMD ;", 4, "no parameter before ';'"},
		{`CMD a="x"y`, 9, "text after the closing quote"},
		{`CMD a="x`, 6, "quote is not closed"},
		{`CMD a="x\"`, 6, "quote is not closed"},
		{"CMD 1a=2", 4, "cannot begin with a digit"},
		{"CMD a-b=2", 5, "'-' is not allowed in a parameter name"},
		{"CMD \xe9=2", 4, `'\xe9'`},
		{"<a CMD", 2, "no ':'"},
		{"<a:b", 4, "no command"},
		{"<a:b  CMD", 5, "bad command"},
		{"<a:b:c CMD", 4, "bad sent-from service: ':' is not allowed"},
		{"<*:b CMD", 1, "bad sent-from server"},
		{"<.a:b CMD", 1, "begins with '.'"},
		{"<a:1 CMD", 3, "bad sent-from service: it begins with a digit"},
		{"svc/srv:CMD", 7, "':' after the service"},
		{"/CMD", 0, "bad service: it is empty"},
		{":s/CMD", 0, "bad server: it is empty"},
		{"a/b/C", 3, "'/' after the service"},
		{"s:/CMD", 2, "bad service: it is empty"},
		{"a:b:CMD", 3, "second ':'"},
		{"a-b/CMD", 1, "bad service: '-' is not allowed"},
		{"-a:b/CMD", 0, "begins with '-'"},
		{"svc/", 4, "bad command: it is empty"},
		{"{", 1, "JSON"},
	}
	for _, c := range cases {
		t.Run(c.line, func(t *testing.T) {
			m := message.New("OLD").Set("a", "1")
			err := m.Decode([]byte(c.line))
			var syntax *message.SyntaxError
			require.ErrorAs(t, err, &syntax)
			require.Equal(t, c.offset, syntax.Offset, syntax.Reason)
			require.Contains(t, syntax.Reason, c.reason)
			require.Contains(t, syntax.Error(), c.reason)
			require.Empty(t, m.Command(), "left empty")
			require.Zero(t, m.Len())
			_, err = message.Parse([]byte(c.line))
			require.Error(t, err)
		})
	}
}

func TestDecodeEmpty(t *testing.T) {
	for _, line := range []string{"", " ", "\r\n", " \t\n\v\f\r"} {
		m := message.New("OLD")
		require.ErrorIs(t, m.Decode([]byte(line)), message.ErrEmpty)
		require.ErrorIs(t, m.DecodeText([]byte(line)), message.ErrEmpty)
		require.ErrorIs(t, m.DecodeJSON([]byte(line)), message.ErrEmpty)
		require.Empty(t, m.Command())
	}
	require.Error(t, (&message.Message{}).DecodeText([]byte("\u00a0CMD")), "Unicode spaces are no white space")
	require.Error(t, (&message.Message{}).DecodeText([]byte(`{"command":"X"}`)), "JSON is no text")
}

func TestDecodeReused(t *testing.T) {
	m := &message.Message{}
	require.NoError(t, m.Decode([]byte(`<a:b c:d/ONE x="1;\n";y=2`)))
	require.Equal(t, "1;\n", first(m.Get("x")))
	m.Set("z", "3")
	require.NoError(t, m.Decode([]byte("TWO y=4")))
	requireText(t, "TWO y=4", m)
	require.False(t, m.Has("x"))
	require.False(t, m.Has("z"))
	require.Empty(t, m.SentFromServer()+m.SentFromService()+m.Server()+m.Service())
	require.NoError(t, m.Decode([]byte(`{"command":"THREE","parameters":{"q":1}}`)))
	require.True(t, m.IsJSON())
	requireText(t, "THREE q=1", m)
	require.NoError(t, m.Decode([]byte("FOUR")))
	require.False(t, m.IsJSON())
	requireText(t, "FOUR", m)
}

func TestParseOwnsItsBytes(t *testing.T) {
	line := []byte("svc/CMD a=1;b=two")
	m, err := message.Parse(line)
	require.NoError(t, err)
	borrowed := &message.Message{}
	require.NoError(t, borrowed.Decode(line))
	clone := borrowed.Clone()
	copy(line, strings.Repeat("X", len(line)))
	requireText(t, "svc/CMD a=1;b=two", m)
	requireText(t, "svc/CMD a=1;b=two", clone)
}

func TestDecodeHostile(t *testing.T) {
	value := strings.Repeat("x", 1<<16)
	m := &message.Message{}
	require.NoError(t, m.Decode([]byte("CMD a="+value)))
	require.Equal(t, value, first(m.Get("a")))

	var many strings.Builder
	many.WriteString("CMD ")
	for i := range 30000 {
		many.WriteString("a" + string(rune('a'+i%26)) + "=;")
	}
	require.NoError(t, m.Decode([]byte(many.String())))
	require.Equal(t, 26, m.Len())

	require.NoError(t, m.Decode([]byte("CMD a="+strings.Repeat(`\\`, 1<<15))))
	require.Equal(t, strings.Repeat(`\`, 1<<15), first(m.Get("a")))
}

// TestLookupOfNoName: parts of a line that are no names are found in no form, however they begin.
func TestLookupOfNoName(t *testing.T) {
	line := []byte(`CMD a=1;longest=c;longest_=e;longest__=";=";no=`)
	m := &message.Message{}
	for _, decode := range []func([]byte) error{m.Decode, m.DecodeSimply, m.DecodeSlowly} {
		require.NoError(t, decode(line))
		for from := range line {
			for to := from; to <= len(line); to++ {
				switch name := string(line[from:to]); name {
				case "a", "longest", "longest_", "longest__", "no":
					require.True(t, m.Has(name), name)
				default:
					require.False(t, m.Has(name), name)
				}
			}
		}
	}
}

func first[A, B any](a A, _ B) A { return a }

func requireText(t require.TestingT, want string, m *message.Message) {
	text, err := m.AppendText(nil)
	require.NoError(t, err)
	require.Equal(t, want, string(text))
}

// TestVerbatimStaysInside: the text that may be read ends where the line does that Decode was given; another goroutine may write behind it.
func TestVerbatimStaysInside(t *testing.T) {
	for _, given := range []string{"A", "A a=1", " A a=1 ", "A a=1\r", "A a=1;b=2;c=3;d=4;e=5;f=6;g=7;h=8;i=9;j=10;k=11;l=12;m=13"} {
		buffer := append([]byte(given), "not given"...)
		var m message.Message
		require.NoError(t, m.Decode(buffer[:len(given)]))
		line, text := m.Verbatim()
		require.Equal(t, strings.TrimSpace(given), string(line))
		require.LessOrEqual(t, len(text), len(given), "%q", given)
		require.Equal(t, len(text), cap(text))
	}
}
