package inspect_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/secret"
)

func TestShown(t *testing.T) {
	for _, c := range []struct {
		name, line string
		limit      int
		want       string
		hidden     int
		cut        bool
	}{
		{"whole", "<a:b c/X n=1;v=\"a;b\"", -1, "<a:b c/X n=1;v=\"a;b\"", 0, false},
		{"no values", "<a:b c/X", 0, "<a:b c/X", 0, false},
		{"a secret", "X a=1;password=hush;z=2", -1, "X a=1;password=***;z=2", 1, false},
		{"a quoted secret", `X password="a;b\"c";z=2`, -1, `X password=***;z=2`, 1, false},
		{"only secrets", "X secret=s;token=t", -1, "X secret=***;token=***", 2, false},
		{"hidden values", "X a=1;b=22", 0, "X", 0, true},
		{"hidden but for the empty", "X a=;b=22", 0, "X a=", 0, true},
		{"cut in a value", "X a=123;b=456", 5, "X a=123;b=45", 0, true},
		{"cut at the end of one", "X a=123;b=456", 3, "X a=123", 0, true},
		{"cut in quotes", `X a="1;34567"`, 5, `X a="1;34"`, 0, true},
		{"cut before an escape", `X a=12\\34`, 3, `X a=12`, 0, true},
		{"cut behind an escape", `X a=12\\34`, 4, `X a=12\\`, 0, true},
		{"cut at a blank", `X a=12 45`, 3, `X a=12`, 0, true},
		{"a secret and a cut", "X a=123456;password=x", 3, "X a=123;password=***", 1, true},
		{"a complaint", `INVALID command=LOGIN;message=parameter password is no integer: "hush"`, -1, "INVALID command=LOGIN;message=***", 1, false},
		{"a harmless complaint", "INVALID message=parameter n is missing", -1, "INVALID message=parameter n is missing", 0, false},
		{"no complaint", "X message=the password is wrong", -1, "X message=the password is wrong", 0, false},
		{"a server without service", "srv:X a=1;secret=2", -1, "srv:X a=1;secret=***", 1, false},
		{"not canonical", "X z=1;secret=\"s\";a=2", -1, "X a=2;secret=***;z=1", 1, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := message.Parse([]byte(c.line))
			require.NoError(t, err)
			text, hidden, cut := inspect.Shown(m, c.limit)
			require.Equal(t, c.want, text)
			require.Equal(t, c.hidden, hidden)
			require.Equal(t, c.cut, cut)
			_, err = message.Parse([]byte(text))
			require.NoError(t, err, "it is a message still")
		})
	}
}

// Whatever the message and the limit: what is shown is a message, holds no secret, and no more than the limit.
func TestNoSecretIsEverShown(t *testing.T) {
	names := []string{"a", "b_token", "c", "password", "z"}
	rapid.Check(t, func(t *rapid.T) {
		m := message.New("X")
		for _, name := range names {
			if !rapid.Bool().Draw(t, name) {
				continue
			}
			value := rapid.StringOf(rapid.SampledFrom([]rune("1 ;\"\\\n\r\tx"))).Draw(t, "value")
			if secret.Is([]byte(name)) {
				value += "HUSH" + value
			}
			m.Set(name, value)
		}
		limit := rapid.IntRange(-1, 40).Draw(t, "limit")
		text, hidden, cut := inspect.Shown(m, limit)
		require.NotContains(t, text, "HUSH")
		back, err := message.Parse([]byte(text))
		require.NoError(t, err, "%q", text)
		for name, value := range back.Params() {
			if secret.Is([]byte(name)) {
				require.Equal(t, secret.Hidden, value)
				hidden--
				continue
			}
			whole, _ := m.Get(name)
			require.True(t, strings.HasPrefix(whole, value), "%q of %q", value, whole)
			if !cut {
				require.Equal(t, whole, value)
			}
		}
		require.Zero(t, hidden)
		if !cut {
			require.Equal(t, m.Len(), back.Len())
		}
	})
}

// Peers choose the names of parameters: what is remembered of them is bounded.
func TestNamesKeptAreBounded(t *testing.T) {
	w := newWorld(t)
	v := w.watch(inspect.WatchOptions{})
	for i := range 10_000 {
		w.in("A n" + strconv.Itoa(i) + "=1")
		take(t, v)
	}
	require.LessOrEqual(t, inspect.NamesKept(w.tracer), 5000)
	before := inspect.NamesKept(w.tracer)
	w.in("A " + strings.Repeat("n", 60) + "_password=1;" + strings.Repeat("n", 10_000) + "=1")
	shown, _ := take(t, v)
	require.Equal(t, 1, shown[0].Hidden)
	require.Equal(t, before, inspect.NamesKept(w.tracer), "long ones are not kept")
}

func TestBrokenLines(t *testing.T) {
	for line, want := range map[string]string{
		"A*B c=1": "A*B c=1", `LOGIN user=x;Password="abc`: `LOGIN user=x;Password`, "x SECRET_code=1;token=2": "x SECRET",
		"ends in secret": "ends in secret", "\xff\x00 token\xff": "\xff\x00 token",
	} {
		text, hidden := inspect.Broken(line)
		require.Equal(t, want, text)
		require.Equal(t, text != line, hidden)
	}
}

func TestErrorsThatQuoteSecrets(t *testing.T) {
	for _, value := range []string{"hush", "h", "\x1b[31m", `a\b`, `"quoted"`, "tab\there", "\ttab", "\u00e9t\u00e9", "<b>", "\u00a0", "1\n2"} {
		m := message.New("LOGIN").Set("password", value).Set("user", "me")
		quoted, err := json.Marshal(value)
		require.NoError(t, err)
		for _, text := range []string{value, strconv.Quote(value), strconv.QuoteToASCII(value), string(quoted)} {
			require.Equal(t, "(hidden, it may tell a secret)", inspect.ErrorText(m, "parameter password: "+text+" is no number"), "%q", value)
		}
	}
	m := message.New("LOGIN").Set("password", "hush").Set("token", "").Set("user", "me")
	require.Equal(t, `no user is called "me"`, inspect.ErrorText(m, `no user is called "me"`))
	require.Equal(t, strings.Repeat("x", 512), inspect.ErrorText(m, strings.Repeat("x", 512)))
	require.Equal(t, "x"+strings.Repeat("\u00e9", 255)+"\u2026", inspect.ErrorText(m, "x"+strings.Repeat("\u00e9", 1000)), "long ones are cut")
}
