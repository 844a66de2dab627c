package check_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ed-toolbox/ed/tools/check"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
)

// run runs one command line and returns its world and its error.
func run(t testing.TB, stdin string, args ...string) (*toolkittest.World, error) {
	t.Helper()
	w := toolkittest.New(t)
	w.Stdin.Reader = strings.NewReader(stdin)
	return w, w.Run(context.Background(), check.Command, args...)
}

func TestMessageText(t *testing.T) {
	for _, test := range []struct {
		name     string
		stdin    string
		operands []string
		out      string
		errs     []string // each is part of standard error
		kind     toolkit.Kind
		final    string // the error that the main program prints; "" for none
	}{
		{name: "nothing"},
		{name: "canonical form", stdin: "CMD b=x;a=1;\n", out: "CMD a=1;b=x\n"},
		{name: "no line end", stdin: "CMD", out: "CMD\n"},
		{name: "carriage return", stdin: "CMD a=1\r\n", out: "CMD a=1\n"},
		{name: "JSON", stdin: `{"command":"CMD","service":"s","parameters":{"n":1.50}}` + "\n", out: "s/CMD n=1.50\n"},
		{name: "operands", operands: []string{"A", "B x=1"}, stdin: "NOT_READ\n", out: "A\nB x=1\n"},
		{name: "standard input by its name", operands: []string{"-"}, stdin: "A\n", out: "A\n"},
		{name: "bad line among good ones", stdin: "A\nB x\nC\n", out: "A\nC\n", kind: toolkit.Data,
			errs: []string{"ed check message: standard input, line 2: byte "}, final: "1 of 3 lines are no messages"},
		{name: "bad operand", operands: []string{"a*b"}, kind: toolkit.Data, errs: []string{"ed check message: operand 1: byte 0: "}},
		{name: "a file for a message", operands: []string{"message_test.go"}, kind: toolkit.Data,
			errs: []string{`; to check the lines of the file "message_test.go", give it as standard input: < FILE` + "\n"}},
		{name: "empty lines", stdin: "\n  \n", kind: toolkit.Data, final: "2 of 2 lines are no messages",
			errs: []string{"line 1: empty line\n", "line 2: empty line\n"}},
		{name: "server and command", stdin: "srv:CMD\n", errs: []string{"line 1: a message, but it has no canonical form: "}},
		{name: "not UTF-8", stdin: "CMD a=\xff\xfe\n", out: "CMD a=\xff\xfe\n"},
		{name: "NUL", stdin: "CMD a=\x00\n", kind: toolkit.Data, errs: []string{"line 1: byte 6: "}},
		{name: "64 KiB value", stdin: "CMD a=" + strings.Repeat("x", 64<<10) + "\n", out: "CMD a=" + strings.Repeat("x", 64<<10) + "\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w, err := run(t, test.stdin, append([]string{"check", "message"}, test.operands...)...)
			require.Equal(t, test.out, w.Out.String())
			for _, want := range test.errs {
				require.Contains(t, w.Err.String(), want)
			}
			if test.kind == toolkit.Other {
				require.NoError(t, err)
				return
			}
			require.Equal(t, test.kind, toolkit.KindOf(err))
			if test.final == "" {
				require.True(t, toolkit.IsSilent(err))
			} else {
				require.EqualError(t, err, test.final)
			}
		})
	}
}

func TestMessageJSON(t *testing.T) {
	stdin := "<a:b srv:svc/CMD x=1;y=\"q;\"\n\nsrv:CMD\nCMD a=\xff;b=ok\nB x\n"
	w, err := run(t, stdin, "check", "message", "--json")
	require.True(t, toolkit.IsSilent(err))
	require.Equal(t, toolkit.Data, toolkit.KindOf(err))
	require.Empty(t, w.Err.String())
	lines := strings.Split(strings.TrimSuffix(w.Out.String(), "\n"), "\n")
	require.Len(t, lines, 5)
	require.JSONEq(t, `{"v":1,"ok":true,"from_server":"a","from_service":"b","server":"srv","service":"svc","command":"CMD",
		"params":{"x":"1","y":"q;"},"text":"<a:b srv:svc/CMD x=1;y=\"q;\""}`, lines[0])
	require.JSONEq(t, `{"v":1,"ok":false,"error":"empty line","offset":0}`, lines[1])
	require.JSONEq(t, `{"v":1,"ok":true,"from_server":"","from_service":"","server":"srv","service":"","command":"CMD","params":{}}`, lines[2])
	require.JSONEq(t, `{"v":1,"ok":true,"from_server":"","from_service":"","server":"","service":"","command":"CMD","params":{"a":"�","b":"ok"},
		"params_base64":{"a":"/w=="},"raw_base64":"`+base64.StdEncoding.EncodeToString([]byte("CMD a=\xff;b=ok"))+`"}`, lines[3])
	var broken struct {
		OK     *bool
		Error  string
		Offset *int
	}
	require.NoError(t, json.Unmarshal([]byte(lines[4]), &broken))
	require.False(t, *broken.OK)
	require.NotEmpty(t, broken.Error)
	require.Equal(t, 3, *broken.Offset)
}

// Every line that the C++ code decoded comes out with the same fields, through the whole command.
func TestMessageVectors(t *testing.T) {
	type line struct {
		In          string            `json:"in"`
		OK          bool              `json:"ok"`
		FromServer  string            `json:"from_server"`
		FromService string            `json:"from_service"`
		Server      string            `json:"server"`
		Service     string            `json:"service"`
		Command     string            `json:"command"`
		Params      map[string]string `json:"params"`
		Text        *string           `json:"text"`
	}
	data, err := os.ReadFile("../../tests/vectors/message-vectors.jsonl")
	require.NoError(t, err)
	var vectors []line
	var stdin strings.Builder
	for text := range bytes.Lines(data) {
		var v line
		require.NoError(t, json.Unmarshal(text, &v))
		if strings.Contains(v.In, "\n") {
			continue // cannot be a line
		}
		vectors = append(vectors, v)
		stdin.WriteString(v.In + "\n")
	}
	w, _ := run(t, stdin.String(), "check", "message", "--json")
	s := bufio.NewScanner(strings.NewReader(w.Out.String()))
	for _, want := range vectors {
		require.True(t, s.Scan())
		var got line
		require.NoError(t, json.Unmarshal(s.Bytes(), &got))
		want.In = ""
		if want.Text == nil {
			got.Text = nil
		}
		require.Equal(t, want, got, s.Text())
	}
	require.False(t, s.Scan())
}

func TestMessageLongLine(t *testing.T) {
	w := toolkittest.New(t)
	w.Stdin.Reader = io.MultiReader(strings.NewReader("A\nB x="), io.LimitReader(zeros{}, 17<<20), strings.NewReader("\nC\n"))
	err := w.Run(context.Background(), check.Command, "check", "message")
	require.EqualError(t, err, "1 of 3 lines are no messages")
	require.Equal(t, "A\nC\n", w.Out.String())
	require.Contains(t, w.Err.String(), "line 2: byte 16777216: the line is longer than 16777216 bytes")
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}

func TestMessageOneByteAtATime(t *testing.T) {
	w := toolkittest.New(t)
	w.Stdin.Reader = iotest.OneByteReader(strings.NewReader("A\nB x=1"))
	require.NoError(t, w.Run(context.Background(), check.Command, "check", "message"))
	require.Equal(t, "A\nB x=1\n", w.Out.String())
}

func TestMessageReadError(t *testing.T) {
	w := toolkittest.New(t)
	w.Stdin.Reader = io.MultiReader(strings.NewReader("A\n"), iotest.ErrReader(errors.New("broken disk")))
	err := w.Run(context.Background(), check.Command, "check", "message")
	require.EqualError(t, err, "read standard input: broken disk")
	require.Equal(t, toolkit.IO, toolkit.KindOf(err))
	require.Equal(t, "A\n", w.Out.String())
}

// Where the output cannot be written nobody goes on reading.
func TestMessageWriteError(t *testing.T) {
	w := toolkittest.New(t)
	w.Stdin.Reader = strings.NewReader(strings.Repeat("A\n", 100))
	w.Stdout.Writer = full{}
	before := goleak.IgnoreCurrent()
	err := w.Run(t.Context(), check.Command, "check", "message")
	require.ErrorIs(t, err, syscall.ENOSPC)
	goleak.VerifyNone(t, before)
}

// full is a disk that takes nothing.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

// A silent standard input does not keep the command from ending.
func TestMessageEndsWithItsContext(t *testing.T) {
	silent, write := io.Pipe()
	defer write.Close()
	w := toolkittest.New(t)
	w.Stdin.Reader = silent
	err := w.Run(context.Background(), check.Command, "check", "message", "--timeout", "0.01")
	require.Equal(t, toolkit.Timeout, toolkit.KindOf(err))

	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(&toolkit.Interrupted{Signal: os.Interrupt})
	err = w.Run(ctx, check.Command, "check", "message")
	require.Equal(t, toolkit.Interrupt, toolkit.KindOf(err))
}

func TestMessageOnATerminal(t *testing.T) {
	w := toolkittest.New(t)
	w.Terminal(80)
	w.Stdin.Reader = strings.NewReader("CMD a=\x1b[31m\nCMD \x1b[31m\n")
	_ = w.Run(context.Background(), check.Command, "check", "message")
	require.NotContains(t, w.Out.String()+w.Err.String(), "\x1b[31m")
	require.Contains(t, w.Err.String(), "Ctrl-D ends")
}
