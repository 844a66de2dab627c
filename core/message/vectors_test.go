package message_test

import (
	"bufio"
	"encoding/json"
	"maps"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/message"
)

// vector is a line as the original C++ code decoded it. Text is null where we differ on purpose.
type vector struct {
	In          string
	OK          bool
	FromServer  string `json:"from_server"`
	FromService string `json:"from_service"`
	Server      string
	Service     string
	Command     string
	Params      map[string]string
	Text        *string
}

func vectors(t testing.TB) (all []vector) {
	f, err := os.Open("../../tests/vectors/message-vectors.jsonl")
	require.NoError(t, err)
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var v vector
		require.NoError(t, json.Unmarshal(lines.Bytes(), &v))
		all = append(all, v)
	}
	require.NoError(t, lines.Err())
	require.NotEmpty(t, all)
	return all
}

func TestVectors(t *testing.T) {
	for _, v := range vectors(t) {
		m, err := message.Parse([]byte(v.In))
		if !v.OK {
			require.Error(t, err, "%q", v.In)
			continue
		}
		require.NoError(t, err, "%q", v.In)
		require.Equal(t, v.FromServer, m.SentFromServer(), "%q", v.In)
		require.Equal(t, v.FromService, m.SentFromService(), "%q", v.In)
		require.Equal(t, v.Server, m.Server(), "%q", v.In)
		require.Equal(t, v.Service, m.Service(), "%q", v.In)
		require.Equal(t, v.Command, m.Command(), "%q", v.In)
		require.Equal(t, v.Params, maps.Collect(m.Params()), "%q", v.In)
		for name, value := range v.Params {
			got, ok := m.Get(name)
			require.True(t, ok, "%q", v.In)
			require.Equal(t, value, got, "%q", v.In)
		}
		if v.Text != nil {
			text, err := m.AppendText(nil)
			require.NoError(t, err, "%q", v.In)
			require.Equal(t, *v.Text, string(text), "%q", v.In)
		}
	}
}
