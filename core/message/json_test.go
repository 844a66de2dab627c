package message_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/message"
)

func TestAppendJSON(t *testing.T) {
	cases := []struct{ text, want string }{
		{"CMD", `{"command":"CMD"}`},
		{"svc/CMD a=1", `{"service":"svc","command":"CMD","parameters":{"a":"1"}}`},
		{"<a:b c:d/CMD b=true;a=1.50", `{"sent-from-server":"a","sent-from-service":"b","server":"c","service":"d","command":"CMD","parameters":{"a":"1.50","b":"true"}}`},
		{"<:me CMD", `{"sent-from-service":"me","command":"CMD"}`},
		{`CMD a="q\";\\\n\r` + "\t\v\x7fé\u2028\"", `{"command":"CMD","parameters":{"a":"q\";\\\n\r\t\u000b` + "\x7fé\u2028" + `"}}`},
	}
	for _, c := range cases {
		m, err := message.Parse([]byte(c.text))
		require.NoError(t, err)
		got, err := m.AppendJSON(nil)
		require.NoError(t, err)
		require.Equal(t, c.want, string(got))
		require.True(t, json.Valid(got))
		back, err := message.Parse(got)
		require.NoError(t, err)
		require.True(t, back.IsJSON())
		require.True(t, back.Equal(m))
		both, err := m.Append(nil, true)
		require.NoError(t, err)
		require.Equal(t, got, both)
		text, err := back.Append(nil, false)
		require.NoError(t, err)
		require.Equal(t, m.String(), string(text))
	}
	m, err := message.Parse([]byte("CMD a=\xe9"))
	require.NoError(t, err)
	dst, err := m.AppendJSON([]byte("kept"))
	require.ErrorIs(t, err, message.ErrNotUTF8)
	require.Equal(t, "kept", string(dst))
}

func TestDecodeJSON(t *testing.T) {
	cases := []struct{ name, json, want string }{
		{"command", `{"command":"X"}`, "X"},
		{"white space", " {\t\"command\" :\n\"X\" ,\"parameters\": { } }\r\n", "X"},
		{"all names", `{"command":"X","service":"d","server":"c","sent-from-service":"b","sent-from-server":"my-host"}`, "<my-host:b c:d/X"},
		{"empty names", `{"command":"X","service":"","server":"","sent-from-service":"","sent-from-server":""}`, "X"},
		{"broadcast", `{"command":"X","server":"*","service":"?"}`, "*:?/X"},
		{"no parameters", `{"command":"X","parameters":{}}`, "X"},
		{"kinds of values", `{"command":"X","parameters":{"a":null,"b":true,"c":false,"d":1.50,"e":1e3,"f":-0,"g":"s","h":123456789012345678901234567890,"i":-0.5E+7}}`,
			"X a=;b=true;c=false;d=1.50;e=1e3;f=-0;g=s;h=123456789012345678901234567890;i=-0.5E+7"},
		{"parameters before the command", `{"parameters":{"b":1,"a":2},"command":"X"}`, "X a=2;b=1"},
		{"two objects merge", `{"parameters":{"a":1,"b":1},"command":"X","parameters":{"b":2,"c":3}}`, "X a=1;b=2;c=3"},
		{"last duplicate", `{"command":"X","command":"Y","parameters":{"a":1,"a":2}}`, "Y a=2"},
		{"unknown keys", `{"v":1,"time":"now","x":{"command":"Z","y":[1,[{}],{"a":[]}]},"z":[],"n":null,"command":"X"}`, "X"},
		{"string named parameters", `{"command":"X","parameters":"no"}`, "X"},
		{"escapes", `{"command":"X","parameters":{"a":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00;"}}`, "X a=\"\\\"\\\\/\b\f\\n\\r\té😀;\""},
		{"no second unescaping", `{"command":"X","parameters":{"a":"\\n"}}`, `X a=\\n`},
		{"escaped keys", `{"\u0063ommand":"X","parameters":{"\u0061":1}}`, "X a=1"},
		{"raw control bytes, as C++ writes them", "{\"command\":\"X\",\"parameters\":{\"a\":\"x\ty\x01\"}}", "X a=x\ty\x01"},
		{"raw_base64", `{"raw_base64":"c3ZjL0NNRCBhPf/+","time":1}`, "svc/CMD a=\xff\xfe"},
		{"raw_base64 wins", `{"command":"X","raw_base64":"Q01EIGE9/wo=","parameters":{"b":1}}`, "CMD a=\xff"},
		{"raw_base64 of another kind", `{"command":"X","raw_base64":{}}`, "X"},
		{"deep", `{"command":"X","x":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`, "X"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m, err := message.Parse([]byte(c.json))
			require.NoError(t, err)
			require.True(t, m.IsJSON())
			requireText(t, c.want, m)
			require.True(t, m.Clone().Equal(m))
			require.True(t, m.Clone().IsJSON())
		})
	}
	m, err := message.Parse([]byte(`{"command":"X","server":"srv"}`))
	require.NoError(t, err, "as srv:X in the text form")
	require.Equal(t, "srv", m.Server())
	require.Error(t, m.Check())
}

func TestDecodeJSONRefuses(t *testing.T) {
	cases := []struct {
		json   string
		offset int
		reason string
	}{
		{`{}`, 1, "no command"},
		{`{"server":"s"}`, 13, "no command"},
		{`{"command":""}`, 11, "bad command: it is empty"},
		{`{"command":5}`, 11, "command has to be a string"},
		{`{"command":null}`, 11, "command has to be a string"},
		{`{"command":"x"}`, 11, "bad command: 'x' is not allowed"},
		{`{"command":"A B"}`, 11, "bad command"},
		{`{"command":"X","service":"a-b"}`, 25, "bad service"},
		{`{"command":"X","sent-from-server":"*"}`, 34, "bad sent-from server"},
		{`{"command":"X",}`, 15, "there is '}' where a key"},
		{`{"command":"X","parameters":{"a":1,}}`, 35, "there is '}' where a key"},
		{`{"command":"X","parameters":{"a":[]}}`, 33, "a value has to be"},
		{`{"command":"X","parameters":{"a":{}}}`, 33, "a value has to be"},
		{`{"command":"X","parameters":5}`, 28, "parameters has to be an object"},
		{`{"command":"X","parameters":null}`, 28, "parameters has to be an object"},
		{`{"command":"X","parameters":[]}`, 28, "parameters has to be an object"},
		{`{"command":"X","parameters":{"a b":1}}`, 29, "bad parameter name: ' ' is not allowed"},
		{`{"command":"X","parameters":{"":1}}`, 29, "bad parameter name: it is empty"},
		{`{"command":"X","parameters":{"a":"\u0000"}}`, 33, "NUL"},
		{"{\"command\":\"X\x00\"}", 13, "NUL"},
		{"{\"command\":\"X\n\"}", 13, "line feed"},
		{"{\"command\":\"X\",\"a\":\"\xe9\"}", 20, "UTF-8"},
		{`{"command":"X"} x`, 16, "text after the JSON object"},
		{`{"command":"X"}{}`, 15, "text after the JSON object"},
		{`{"command" "X"}`, 11, "where ':' was expected"},
		{`{"command":"X" "a":1}`, 15, "',' or '}'"},
		{`{"command":"X"`, 14, "the JSON ends"},
		{`{"command":"X`, 11, "not closed"},
		{`{"command":`, 11, "has to be a string"},
		{`{command:"X"}`, 1, "a key in double quotes"},
		{`{"a":tru}`, 5, "a value was expected"},
		{`{"a":}`, 5, "a value was expected"},
		{`{"a":nan}`, 5, "a value was expected"},
		{`{"a":+5}`, 5, "a value was expected"},
		{`{"a":007}`, 6, "',' or '}'"},
		{`{"a":0x1F}`, 6, "',' or '}'"},
		{`{"a":1.}`, 7, "a digit was expected"},
		{`{"a":-}`, 6, "a digit was expected"},
		{`{"a":1e}`, 7, "a digit was expected"},
		{`{"a":"\x"}`, 6, "JSON escape"},
		{`{"a":"\u12g4"}`, 6, "JSON escape"},
		{`{"a":"\ud800"}`, 6, "the JSON escape is one half of a character, and the other half is missing"},
		{`{"a":"\udc00\ud800"}`, 6, "JSON escape"},
		{`{"a":"\ud800\u0041"}`, 6, "JSON escape"},
		{`{"a":"\`, 6, "JSON escape"},
		{`{"a":[1 2]}`, 8, "',' or ']'"},
		{`{"a":[1,]}`, 8, "a value was expected"},
		{`{"a":[`, 6, "a value was expected"},
		{`{"x":` + strings.Repeat("[", 100), 69, "nested too deep"},
		{`{"x":` + strings.Repeat(`{"x":`, 100), 325, "nested too deep"},
		{`{"raw_base64":"%%"}`, 14, "not base64"},
		{`{"raw_base64":""}`, 14, "empty line"},
		{`{"raw_base64":"IGNtZA=="}`, 14, "raw_base64 at byte 1: bad command"},
		{`{"raw_base64":"e30="}`, 14, "raw_base64 at byte 0"},
		{`[]`, 0, "where '{' was expected"},
		{`x`, 0, "where '{' was expected"},
	}
	for _, c := range cases {
		t.Run(c.json, func(t *testing.T) {
			m := message.New("OLD").Set("a", "1")
			err := m.DecodeJSON([]byte("  " + c.json + "\n"))
			var syntax *message.SyntaxError
			require.ErrorAs(t, err, &syntax)
			require.Contains(t, syntax.Reason, c.reason)
			require.Equal(t, c.offset+2, syntax.Offset, syntax.Reason)
			require.Empty(t, m.Command())
			require.Zero(t, m.Len())
		})
	}
}

func TestVectorsThroughJSON(t *testing.T) {
	for _, v := range vectors(t) {
		if v.OK && (v.Server == "" || v.Service != "") {
			m, err := message.Parse([]byte(v.In))
			require.NoError(t, err)
			requireThroughJSON(t, m)
		}
	}
}

// requireThroughJSON requires that the JSON form of m is valid and says all that m does.
func requireThroughJSON(t require.TestingT, m *message.Message) {
	text, err := m.AppendJSON(nil)
	require.NoError(t, err)
	require.True(t, json.Valid(text), "%s", text)
	require.NotContains(t, string(text), "\n")
	back := &message.Message{}
	require.NoError(t, back.DecodeJSON(text), "%s", text)
	require.True(t, back.Equal(m), "%s", text)
	require.Equal(t, m.String(), back.String())
}
