package signal_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/signal"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
)

// from is what the tools put before a message in toolkittest's world.
const from = "<test_hostexample:ed_signal "

// TestSignalLine holds command lines against the line that would be sent.
func TestSignalLine(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secret, []byte("s3;cret\nmore\n"), 0o600))
	long := strings.Repeat("x", 1100)
	tests := map[string]struct {
		args []string
		want string
	}{
		"command alone":        {[]string{"STOP"}, from + "STOP"},
		"service":              {[]string{"svc/STOP"}, from + "svc/STOP"},
		"server and service":   {[]string{"far:svc/STOP"}, from + "far:svc/STOP"},
		"server with dashes":   {[]string{"far-1.example:svc/STOP"}, from + "far-1.example:svc/STOP"},
		"broadcast":            {[]string{"*/STOP"}, from + "*/STOP"},
		"this node":            {[]string{"./STOP"}, from + "./STOP"},
		"operands":             {[]string{"svc/DO", "b=2", "a=1"}, from + "svc/DO a=1;b=2"},
		"value quoted":         {[]string{"svc/DO", "a=x;y"}, from + `svc/DO a="x;y"`},
		"value with equals":    {[]string{"svc/DO", "a=x=y"}, from + "svc/DO a=x=y"},
		"value with line feed": {[]string{"svc/DO", "a=x\ny"}, from + `svc/DO a=x\ny`},
		"param without value":  {[]string{"svc/DO", "-p", "flag"}, from + "svc/DO flag="},
		"param with commas":    {[]string{"-p", "list=A,B,C", "svc/DO"}, from + "svc/DO list=A,B,C"},
		"params repeat":        {[]string{"-pa=1", "svc/DO", "--param=b=2"}, from + "svc/DO a=1;b=2"},
		"the last value wins":  {[]string{"svc/DO", "-p", "a=1", "a=2"}, from + "svc/DO a=2"},
		"message option":       {[]string{"-m", "svc/DO", "a=1"}, from + "svc/DO a=1"},
		"server and -S":        {[]string{"-S", "svc", "far:DO"}, from + "far:svc/DO"},
		"options to the name":  {[]string{"-s", "far", "-S", "svc", "DO"}, from + "far:svc/DO"},
		"empty options":        {[]string{"-s", "", "-S", "", "--host", "", "svc/DO"}, from + "svc/DO"},
		"server by option":     {[]string{"--server", "far", "svc/DO"}, from + "far:svc/DO"},
		"from":                 {[]string{"--from", "here:me", "svc/DO"}, "<here:me svc/DO"},
		"from without server":  {[]string{"--from", ":me", "svc/DO"}, "<:me svc/DO"},
		"secret":               {[]string{"-c", "abc", "svc/DO"}, from + "svc/DO secret_code=abc"},
		"secret from a file":   {[]string{"--secret-code-file", secret, "svc/DO"}, from + `svc/DO secret_code="s3;cret"`},
		"secret beats param":   {[]string{"-c", "abc", "svc/DO", "secret_code=x"}, from + "svc/DO secret_code=abc"},
		"no secret on streams": {[]string{"-c", "abc", "-t", "tcp", "svc/DO"}, from + "svc/DO"},
		"underscores":          {[]string{"--secret_code=abc", "--dry_run", "svc/DO"}, from + "svc/DO secret_code=abc"},
		"long on a stream":     {[]string{"-t", "tcp", "svc/DO", "a=" + long}, from + "svc/DO a=" + long},
		"long, allowed":        {[]string{"--max-datagram=2000", "svc/DO", "a=" + long}, from + "svc/DO a=" + long},
		"unchecked":            {[]string{"--no-check", "ABSOLUTELY"}, from + "ABSOLUTELY"},
		"checked and right":    {[]string{"ALIVE", "serial=1"}, from + "ALIVE serial=1"},
		"router's commands":    {[]string{"communicatord/REGISTER", "service=x"}, from + "communicatord/REGISTER service=x"},
		"json":                 {[]string{"--json", "svc/DO"}, `{"sent-from-server":"test_hostexample","sent-from-service":"ed_signal","service":"svc","command":"DO"}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := toolkittest.New(t)
			require.NoError(t, w.Run(t.Context(), signal.Command, append([]string{"signal", "--dry-run"}, test.args...)...))
			require.Equal(t, test.want+"\n", w.Out.String())
			require.Empty(t, w.Dialled)
		})
	}
}

// TestSignalRefuses holds wrong command lines against the kind of their error. Nothing is dialled.
func TestSignalRefuses(t *testing.T) {
	long := "a=" + strings.Repeat("x", 1100)
	tests := map[string]struct {
		args []string
		kind toolkit.Kind
		text string
	}{
		"nothing":             {nil, toolkit.Usage, "a message is missing"},
		"two messages":        {[]string{"A", "B"}, toolkit.Usage, "unexpected operand"},
		"a word after params": {[]string{"A", "b=1", "C"}, toolkit.Usage, "unexpected operand"},
		"word after -m":       {[]string{"-m", "A", "B"}, toolkit.Usage, "unexpected operand"},
		"address first":       {[]string{"unix:x.sock", "STOP"}, toolkit.Usage, `"unix:x.sock" is an address and no message; write --host before it`},
		"IP first":            {[]string{"127.0.0.1:4040", "STOP"}, toolkit.Usage, "--host"},
		"path first":          {[]string{"/run/x.sock", "STOP"}, toolkit.Usage, "--host"},
		"address alone":       {[]string{"unix:x.sock"}, toolkit.Usage, "--host"},
		"lower case":          {[]string{"svc/stop"}, toolkit.Data, "command"},
		"star":                {[]string{"A*B"}, toolkit.Data, "command"},
		"blank in it":         {[]string{"STOP a=1"}, toolkit.Data, "NAME=VALUE"},
		"sender in it":        {[]string{"<a:b svc/STOP"}, toolkit.Data, "--from names the sender"},
		"JSON":                {[]string{`{"command":"STOP"}`}, toolkit.Data, "ed send takes whole lines"},
		"count for wait":      {[]string{"--wait", "STOP", "3"}, toolkit.Usage, "--wait=3"},
		"host without name":   {[]string{"-H", "x.conf@", "STOP"}, toolkit.Usage, "FILE@VARIABLE"},
		"host without file":   {[]string{"-H", "@x", "STOP"}, toolkit.Usage, "FILE@VARIABLE"},
		"bad service":         {[]string{"s-vc/STOP"}, toolkit.Data, "service"},
		"bad server":          {[]string{"-x:svc/STOP"}, toolkit.Usage, "option"},
		"bad name":            {[]string{"STOP", "1a=2"}, toolkit.Data, "name"},
		"empty name":          {[]string{"STOP", "=2"}, toolkit.Data, "name"},
		"server, no service":  {[]string{"far:STOP"}, toolkit.Data, "no service"},
		"option, no service":  {[]string{"-s", "far", "STOP"}, toolkit.Data, "service"},
		"no server":           {[]string{":svc/STOP"}, toolkit.Data, "no server"},
		"no service":          {[]string{"/STOP"}, toolkit.Data, "no service"},
		"server twice":        {[]string{"-s", "a", "b:svc/STOP"}, toolkit.Usage, "named twice"},
		"service twice":       {[]string{"-S", "a", "svc/STOP"}, toolkit.Usage, "named twice"},
		"address as server":   {[]string{"--server", "127.0.0.1:4040", "STOP"}, toolkit.Usage, "no server's name"},
		"IP as server":        {[]string{"--server", "127.0.0.1", "STOP"}, toolkit.Usage, "no server's name"},
		"bad --server":        {[]string{"-s", "a b", "svc/STOP"}, toolkit.Usage, "option --server: bad server name"},
		"bad --service":       {[]string{"-S", "s-vc", "STOP"}, toolkit.Usage, "option --service: bad service name"},
		"unknown type":        {[]string{"-t", "sctp", "STOP"}, toolkit.Usage, "sctp"},
		"type against host":   {[]string{"-t", "tcp", "-H", "udp://127.0.0.1:1", "STOP"}, toolkit.Usage, "contradict"},
		"encrypt word":        {[]string{"-t", "tcp", "-e", "maybe", "STOP"}, toolkit.Usage, "neither true nor false"},
		"encrypt UDP":         {[]string{"-e", "true", "STOP"}, toolkit.Usage, "--encrypt needs --type tcp"},
		"unix without path":   {[]string{"-t", "unix", "STOP"}, toolkit.Usage, "--host PATH"},
		"bad host":            {[]string{"-H", "1.2.3.4:99999", "STOP"}, toolkit.Usage, "99999"},
		"bad from":            {[]string{"--from", "me", "STOP"}, toolkit.Usage, "SERVER:SERVICE"},
		"too long":            {[]string{"svc/DO", long}, toolkit.Data, "--max-datagram"},
		"datagram size":       {[]string{"--max-datagram=70000", "STOP"}, toolkit.Usage, "65507"},
		"repeat":              {[]string{"--repeat=-1", "STOP"}, toolkit.Usage, "--repeat"},
		"repeat never":        {[]string{"--repeat=0", "STOP"}, toolkit.Usage, "--repeat"},
		"until":               {[]string{"--until=[", "STOP"}, toolkit.Usage, "--until"},
		"until never":         {[]string{"--until=done", "STOP"}, toolkit.Usage, `option --until: "done" matches no command, they are in capitals: DONE`},
		"no secret file":      {[]string{"--secret-code-file", "/nonexistent", "STOP"}, toolkit.NoInput, "no such file"},
		"missing parameter":   {[]string{"ABSOLUTELY"}, toolkit.Data, "reply_timestamp is missing"},
		"host file":           {[]string{"-H", "/nonexistent@x", "STOP"}, toolkit.NoInput, "no such file"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := toolkittest.New(t)
			err := w.Run(t.Context(), signal.Command, append([]string{"signal"}, test.args...)...)
			require.Error(t, err)
			require.Equal(t, test.kind, toolkit.KindOf(err), "%v", err)
			require.Contains(t, err.Error()+"; "+toolkit.HintOf(err), test.text)
			require.Empty(t, w.Dialled)
		})
	}
}

// TestSecretByPipe: a FIFO keeps nobody waiting, and what a shell's <(…) gives is read.
func TestSecretByPipe(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	require.NoError(t, syscall.Mkfifo(fifo, 0o600))
	w := toolkittest.New(t)
	err := w.Run(t.Context(), signal.Command, "signal", "--secret-code-file", fifo, "STOP")
	require.ErrorContains(t, err, "secret code: read "+fifo+": it is a FIFO that nobody writes to")
	require.Equal(t, toolkit.NoInput, toolkit.KindOf(err))
	require.Empty(t, w.Dialled)

	r, p, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	_, err = p.WriteString("s3;cret\n")
	require.NoError(t, err)
	require.NoError(t, p.Close())
	path := fmt.Sprintf("/dev/fd/%d", r.Fd())
	require.NoError(t, w.Run(t.Context(), signal.Command, "signal", "--dry-run", "--secret-code-file", path, "STOP"))
	require.Equal(t, from+`STOP secret_code="s3;cret"`+"\n", w.Out.String())
}

// TestSignalTarget holds --host, --type and --encrypt against the address that is dialled.
func TestSignalTarget(t *testing.T) {
	file := filepath.Join(t.TempDir(), "router.conf")
	require.NoError(t, os.WriteFile(file, []byte("local_listen=127.0.0.3\nsecure=10.0.0.1:77\n"), 0o600))
	tests := map[string]struct {
		args []string
		want string
	}{
		"default":          {nil, "udp://127.0.0.1:4041"},
		"port alone":       {[]string{"-H", ":99"}, "udp://127.0.0.1:99"},
		"address alone":    {[]string{"-H", "10.0.0.1"}, "udp://10.0.0.1:4041"},
		"IPv6":             {[]string{"-H", "[::1]:5"}, "udp://[::1]:5"},
		"tcp":              {[]string{"-t", "tcp"}, "tcp://127.0.0.1:4041"},
		"encrypted":        {[]string{"-t", "tcp", "-e", "YES"}, "tls://127.0.0.1:4041"},
		"not encrypted":    {[]string{"-e", "off"}, "udp://127.0.0.1:4041"},
		"tls":              {[]string{"-t", "tls"}, "tls://127.0.0.1:4041"},
		"URI":              {[]string{"-H", "tcp://10.0.0.1:7"}, "tcp://10.0.0.1:7"},
		"URI without port": {[]string{"-H", "tcp://10.0.0.1"}, "tcp://10.0.0.1:4041"},
		"unix":             {[]string{"-t", "unix", "-H", "/run/x.sock"}, "unix:/run/x.sock"},
		"unixgram":         {[]string{"-t", "unixgram", "-H", "@name"}, "unixgram:@name"},
		"name":             {[]string{"-H", "host-1.example:5"}, "udp://host-1.example:5"},
		"variable":         {[]string{"-H", file + "@local_listen"}, "udp://127.0.0.3:4041"},
		"variable, port":   {[]string{"-t", "tcp", "-H", file + "@secure"}, "tcp://10.0.0.1:77"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := toolkittest.New(t)
			w.Session = &toolkittest.Session{}
			require.NoError(t, w.Run(t.Context(), signal.Command, append([]string{"signal", "STOP"}, test.args...)...))
			require.Len(t, w.Dialled, 1)
			require.Equal(t, test.want, w.Dialled[0].String())
		})
	}
}

// TestSignalSettings: ED_SIGNAL and the variables of single options stand behind the command line.
func TestSignalSettings(t *testing.T) {
	w := toolkittest.New(t)
	w.Session = &toolkittest.Session{}
	w.Vars["ED_SIGNAL"] = "--type tcp --host 10.0.0.9:1 -S 'svc'"
	w.Vars["ED_SIGNAL_SERVICE"] = "other"
	require.NoError(t, w.Run(t.Context(), signal.Command, "signal", "-H", "tcp://10.0.0.8:2", "STOP"))
	require.Equal(t, "tcp://10.0.0.8:2", w.Dialled[0].String())
	require.Equal(t, []string{from + "other/STOP"}, w.Session.Sent())
}

// TestSignalReplies holds options and what a peer answers against the output.
func TestSignalReplies(t *testing.T) {
	const nasty = "svc/GOT text=\x1b]0:owned\x07"
	tests := map[string]struct {
		args   []string
		lines  []string // of the peer; it ends then
		tty    bool
		out    string
		stderr string
		kind   toolkit.Kind // of the error; Other: none
	}{
		"nothing asked, nothing printed": {[]string{"-t", "tcp"}, []string{"svc/GOT"}, false, "", "", 0},
		"reply":                          {[]string{"-t", "tcp", "-r"}, []string{"GOT b=1;a=2", "MORE"}, false, "GOT b=1;a=2\n", "", 0},
		"reply that is no message":       {[]string{"-t", "tcp", "-r"}, []string{"hello you"}, false, "hello you\n", "received a line that is no message", 0},
		"reply over datagrams":           {[]string{"-r"}, []string{"GOT"}, false, "", "", 0},
		"wait over datagrams":            {[]string{"--wait"}, []string{"GOT", "MORE"}, false, "GOT\n", "", 0},
		"wait for two":                   {[]string{"--wait=2"}, []string{"GOT", "MORE"}, false, "GOT\nMORE\n", "", 0},
		"until":                          {[]string{"--until", "D*E"}, []string{"GOT", "DONE", "MORE"}, false, "GOT\nDONE\n", "", 0},
		"until or two":                   {[]string{"--until", "DONE", "--wait=2"}, []string{"GOT", "MORE", "DONE"}, false, "GOT\nMORE\n", "", 0},
		"closed without a reply":         {[]string{"-t", "tcp", "-r"}, nil, false, "", "", toolkit.Unavailable},
		"closed too early":               {[]string{"-t", "tcp", "--wait=2"}, []string{"GOT"}, false, "GOT\n", "", toolkit.Unavailable},
		"no such service":                {[]string{"-t", "tcp", "--wait"}, []string{"SERVICE_UNAVAILABLE destination_service=svc;unsent_command=STOP"}, false, "SERVICE_UNAVAILABLE destination_service=svc;unsent_command=STOP\n", "", toolkit.Unavailable},
		"broken line while waiting":      {[]string{"--wait"}, []string{"A*B", "GOT"}, false, "A*B\nGOT\n", "no message", 0},
		"control bytes into a pipe":      {[]string{"--wait"}, []string{nasty}, false, nasty + "\n", "", 0},
		"control bytes on a terminal":    {[]string{"--wait"}, []string{nasty}, true, `svc/GOT text=\x1B]0:owned\x07` + "\n", "sent STOP", 0},
		"a terminal is told":             {nil, nil, true, "", "sent STOP via udp://127.0.0.1:4041 (no reply expected)\n", 0},
		"unless quiet":                   {[]string{"-q"}, nil, true, "", "", 0},
		"-v tells, too":                  {[]string{"-v", "-S", "svc"}, nil, false, "", "sent STOP to svc via udp://127.0.0.1:4041 (no reply expected)\n", 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := toolkittest.New(t)
			if test.tty {
				w.Terminal(80)
			}
			w.Session = &toolkittest.Session{}
			for _, l := range test.lines {
				w.Session.ArriveLine(l)
			}
			w.Session.End()
			err := w.Run(t.Context(), signal.Command, append([]string{"signal", "STOP"}, test.args...)...)
			require.Equal(t, test.kind, toolkit.KindOf(err), "%v", err)
			require.Equal(t, test.kind != toolkit.Other, err != nil, "%v", err)
			require.Equal(t, test.out, w.Out.String())
			if test.stderr == "" {
				require.Empty(t, w.Err.String())
			}
			require.Contains(t, w.Err.String(), test.stderr)
			half, closed := w.Session.State()
			require.True(t, closed)
			waits := strings.Contains(strings.Join(test.args, " "), "-r") || strings.Contains(strings.Join(test.args, " "), "--")
			require.Equal(t, strings.Contains(strings.Join(test.args, " "), "tcp") && !waits, half, "half-close")
		})
	}
}

// TestSignalJSON: a reply is a line that ed send takes back, with the round trip.
func TestSignalJSON(t *testing.T) {
	w := toolkittest.New(t)
	w.Session = &toolkittest.Session{Reply: func(m *message.Message) []*message.Message {
		return []*message.Message{m.Reply("GOT").Set("a", "1"), message.New("RAW").Set("b", "\xff")}
	}}
	require.NoError(t, w.Run(t.Context(), signal.Command, "signal", "--json", "--wait=2", "svc/DO"))
	lines := strings.Split(strings.TrimSpace(w.Out.String()), "\n")
	require.Len(t, lines, 2)
	require.Contains(t, lines[0], `"peer":"udp://127.0.0.1:4041","direction":"in"`)
	require.Contains(t, lines[0], `"command":"GOT","parameters":{"a":"1"}`)
	require.Contains(t, lines[1], `"raw_base64":"`)
	r := toolkit.NewMessageReader(strings.NewReader(w.Out.String()), "test")
	for _, want := range []string{"test_hostexample:ed_signal/GOT a=1", "RAW b=\xff"} {
		rec, err := r.Next(t.Context())
		require.NoError(t, err)
		require.NoError(t, rec.Err)
		require.Equal(t, want, rec.Message.String())
	}
}

// TestSignalRepeat sends again and again, over one session.
func TestSignalRepeat(t *testing.T) {
	w := toolkittest.New(t)
	w.Session = &toolkittest.Session{Reply: func(m *message.Message) []*message.Message {
		return []*message.Message{message.New("GOT")}
	}}
	require.NoError(t, w.Run(t.Context(), signal.Command, "signal", "--repeat=3", "--every=1ms", "--wait", "svc/DO"))
	require.Len(t, w.Dialled, 1)
	require.Len(t, w.Session.Sent(), 3)
	require.Equal(t, "GOT\nGOT\nGOT\n", w.Out.String())
}

// TestSignalEvery goes on until it is interrupted, which is then its error.
func TestSignalEvery(t *testing.T) {
	w := toolkittest.New(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	interrupted := &toolkit.Interrupted{Signal: os.Interrupt}
	n := 0
	w.Session = &toolkittest.Session{Reply: func(*message.Message) []*message.Message {
		if n++; n == 3 {
			cancel(interrupted)
		}
		return nil
	}}
	require.ErrorIs(t, w.Run(ctx, signal.Command, "signal", "--every=1ms", "svc/DO"), interrupted)
	require.Len(t, w.Session.Sent(), 3)
}

// TestSignalSettles: a refusal is an error over datagrams, unless it is not waited for.
func TestSignalSettles(t *testing.T) {
	for name, args := range map[string][]string{"waits": nil, "does not wait": {"--no-wait"}} {
		t.Run(name, func(t *testing.T) {
			w := toolkittest.New(t)
			w.Session = &toolkittest.Session{SettleErr: os.ErrDeadlineExceeded}
			err := w.Run(t.Context(), signal.Command, append([]string{"signal", "STOP"}, args...)...)
			require.Equal(t, args == nil, err != nil)
		})
	}
}
