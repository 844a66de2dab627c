package message_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ed-toolbox/ed/core/message"
)

// replyTo makes the reply that has the command of m, and no parameters.
func (m refMessage) replyTo() refMessage {
	r := refMessage{command: m.command, params: map[string]string{}}
	if m.fromService != "" {
		r.server, r.service = m.fromServer, m.fromService
	}
	return r
}

// with returns m with a copy of the parameters of another.
func (m refMessage) with(o refMessage) refMessage {
	m.params = maps.Clone(o.params)
	return m
}

// TestCalls has messages be decoded, changed, and made of each other in any order, and compares them with plain strings: what is known of
// a line must not be taken for known of what was made of it.
func TestCalls(t *testing.T) {
	sender, err := message.NewSender("node", "svc")
	require.NoError(t, err)
	lines := []string{"CMD a=1;b=2", "CMD a=1;b=2;c=3", "CMD", "CMD b=1;a=2", `CMD a="x"`, "<n:s CMD a=1", "<:s v/CMD a=\"x;y\"", "CMD a=1;b=" + strings.Repeat("b", 200)}
	calls := rapid.SampledFrom(strings.Fields("decode text batch batch json set delete command service from sender reset " +
		"refused reply answer answer copy copy repeat repeat clone look"))
	texts := rapid.SampledFrom([]string{"", "a", "b", "x;y"})
	rapid.Check(t, func(t *rapid.T) {
		shared := []byte(lines[1]) // of which the others may be beginnings
		list := []*message.Message{message.New("CMD"), message.New("CMD"), message.New("CMD")}
		plain := make([]refMessage, len(list))
		for i := range plain {
			plain[i] = refMessage{command: "CMD", params: map[string]string{}}
		}
		for range rapid.IntRange(1, 20).Draw(t, "calls") {
			to, from := rapid.IntRange(0, 2).Draw(t, "to"), rapid.IntRange(0, 2).Draw(t, "from")
			m, other := list[to], list[from]
			p, o := &plain[to], plain[from]
			line, text := rapid.SampledFrom(lines).Draw(t, "line"), texts.Draw(t, "text")
			call := calls.Draw(t, "call")
			switch call {
			case "decode", "text":
				given := []byte(line)
				if strings.HasPrefix(lines[1], line) {
					given = shared[:len(line)]
				}
				decode := m.Decode
				if call == "text" {
					decode = m.DecodeText
				}
				require.NoError(t, decode(given))
				*p, _ = refDecode(line)
				verbatim, _ := m.Verbatim()
				require.Equal(t, p.encode() == line && strings.HasPrefix(line, "CMD"), verbatim != nil)
			case "batch": // others may borrow what is behind it, too
				stop := receiver(func([]byte, error) bool { return false })
				require.NoError(t, message.NewDecoder(message.DecoderOptions{}).Decode([]byte(line+"\n"+lines[6]+"\n"+lines[7]+"\n"), m, stop))
				*p, _ = refDecode(line)
				verbatim, _ := m.Verbatim()
				require.Equal(t, p.encode() == line && strings.HasPrefix(line, "CMD"), verbatim != nil)
			case "json":
				if text, err := other.AppendJSON(nil); err == nil {
					*p = o.with(o)
					require.NoError(t, m.Decode(text))
				}
			case "set":
				p.params["a"] = text
				m.Set("a", text)
			case "delete":
				delete(p.params, "a")
				m.Delete("a")
			case "command":
				p.command = "OTHER"
				m.SetCommand("OTHER")
			case "service":
				p.service = strings.TrimSuffix(text, "x;y")
				m.SetService(p.service)
			case "from":
				p.fromServer, p.fromService = "", strings.TrimSuffix(text, "x;y")
				m.SetSentFrom("", p.fromService)
			case "sender":
				p.fromServer, p.fromService = "node", "svc"
				m.SetSender(sender)
			case "reset", "refused":
				if m.Reset(); call == "refused" {
					require.Error(t, m.Decode([]byte(line+"\x00")))
				}
				*p = refMessage{params: map[string]string{}}
			case "reply":
				*p, list[to] = o.replyTo(), other.Reply("")
			case "copy":
				*p = p.with(o)
				m.CopyParams(other)
			case "answer", "repeat":
				if to == from {
					continue
				}
				*p = o.replyTo()
				if call == "answer" {
					m.ReplyTo(other, "")
				} else {
					*p = p.with(o)
					m.Repeat(other)
				}
			case "clone":
				*p, list[to] = o.with(o), other.Clone()
			case "look":
				value, ok := m.Get("b")
				want, has := p.params["b"]
				require.Equal(t, want, value)
				require.Equal(t, has, ok)
				require.Equal(t, len(p.params), m.Len())
			}
			for i, m := range list {
				requirePlain(t, plain[i], m)
			}
		}
	})
}

// requirePlain requires that m is that message, and leaves it as it is.
func requirePlain(t *rapid.T, want refMessage, m *message.Message) {
	require.Equal(t, want.command, string(m.CommandBytes()))
	want.requireLike(t, m.Clone())
	verbatim, text := m.Verbatim()
	if verbatim != nil {
		require.Equal(t, want.encode(), string(verbatim))
		require.Equal(t, want.encode(), string(text[:len(verbatim)]))
	}
	if want.command == "" || want.encode() == "" {
		require.Error(t, m.Clone().Check())
		return
	}
	require.Equal(t, want.encode(), string(m.Clone().AppendReceived(nil)))
	got, err := m.Clone().AppendText(nil)
	require.NoError(t, err)
	require.Equal(t, want.encode(), string(got))
	require.LessOrEqual(t, len(got), m.TextBound())
}
