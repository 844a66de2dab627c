package tlsconn_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/pprof"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/tcp"
	"github.com/ed-toolbox/ed/transport/tlsconn"
	"github.com/ed-toolbox/ed/transport/tlsconn/tlsconntest"
	"github.com/ed-toolbox/ed/transport/transporttest"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// BenchmarkAgainstGoroutines compares an echo server on one loop with one that has a goroutine for each connection,
// crypto/tls and bufio. Each is a process of its own; they are measured in turn, so that what else the machine does
// meets both. One iteration is all of it:
//
//	go test ./transport/tlsconn -run - -bench AgainstGoroutines -benchtime 1x
//
// ratio is messages a second of the loop to those of the goroutines, medians of the rounds; cpu-ratio is processor time
// a message of the goroutines to that of the loop: above 1 the loop is better in both. TLSCONN_PROFILE=FILE has the loop's
// process write its profile.
func BenchmarkAgainstGoroutines(b *testing.B) {
	const rounds, each = 7, 400 * time.Millisecond
	for _, window := range []int{1, 64} {
		b.Run(fmt.Sprintf("64x%d", window), func(b *testing.B) {
			ca := tlsconntest.NewCA(b)
			p := ca.Issue([]string{"127.0.0.1"})
			loop, goroutines := startEcho(b, "loop", p), startEcho(b, "goroutines", p)
			for b.Loop() {
				var l, g figures
				for range rounds {
					l.add(loop.measure(b, ca, 64, window, each))
					g.add(goroutines.measure(b, ca, 64, window, each))
				}
				b.ReportMetric(median(l.rate), "loop-msg/s")
				b.ReportMetric(median(g.rate), "goroutines-msg/s")
				b.ReportMetric(median(l.rate)/median(g.rate), "ratio")
				b.ReportMetric(median(l.cpu), "loop-cpu-ns/msg")
				b.ReportMetric(median(g.cpu), "goroutines-cpu-ns/msg")
				b.ReportMetric(median(g.cpu)/median(l.cpu), "cpu-ratio")
			}
		})
	}
}

type figures struct{ rate, cpu []float64 }

func (f *figures) add(rate, cpu float64) {
	f.rate, f.cpu = append(f.rate, rate), append(f.cpu, cpu)
}

func median(v []float64) float64 {
	v = slices.Clone(v)
	slices.Sort(v)
	return v[len(v)/2]
}

const echoKind, echoCert, echoKey = "TLSCONN_ECHO", "TLSCONN_CERT", "TLSCONN_KEY"

// echoProcess is a server that runs in this test program, started again.
type echoProcess struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
	addr string
}

func startEcho(b *testing.B, kind string, p tlsconntest.Pair) *echoProcess {
	e := &echoProcess{cmd: exec.Command(os.Args[0])}
	e.cmd.Env = append(os.Environ(), echoKind+"="+kind, echoCert+"="+p.CertFile, echoKey+"="+p.KeyFile)
	e.cmd.Stderr = os.Stderr
	var err error
	e.in, err = e.cmd.StdinPipe()
	require.NoError(b, err)
	out, err := e.cmd.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, e.cmd.Start())
	b.Cleanup(func() {
		e.in.Close()
		require.NoError(b, e.cmd.Wait())
	})
	e.out = bufio.NewReader(out)
	e.addr = e.answer(b)
	return e
}

func (e *echoProcess) answer(b *testing.B) string {
	line, err := e.out.ReadString('\n')
	require.NoError(b, err)
	return line[:len(line)-1]
}

// cpu asks the server for the processor time it has used.
func (e *echoProcess) cpu(b *testing.B) float64 {
	_, err := io.WriteString(e.in, "\n")
	require.NoError(b, err)
	ns, err := strconv.ParseFloat(e.answer(b), 64)
	require.NoError(b, err)
	return ns
}

// measure keeps a window of lines in flight on each connection and returns messages a second, and the server's
// processor time in ns a message.
func (e *echoProcess) measure(b *testing.B, ca *tlsconntest.CA, conns, window int, d time.Duration) (rate, cpu float64) {
	pool := x509.NewCertPool()
	pool.AddCert(ca.Cert)
	var all []*tls.Conn
	for range conns {
		c, err := tls.Dial("tcp", e.addr, &tls.Config{RootCAs: pool, DynamicRecordSizingDisabled: true})
		require.NoError(b, err)
		all = append(all, c)
	}
	var got atomic.Int64
	var wg sync.WaitGroup
	before, began := e.cpu(b), time.Now()
	for _, c := range all {
		wg.Go(func() { loadEcho(c, window, began.Add(d), &got) })
	}
	wg.Wait()
	took, used := time.Since(began), e.cpu(b)-before
	for _, c := range all {
		c.Close()
	}
	messages := float64(got.Load()) / float64(len(echoLine))
	require.Positive(b, messages)
	return messages / took.Seconds(), used / messages
}

var echoLine = []byte("snaprfs/ALIVE serial=0123456789;timestamp=1700000000.123456789\n")

// loadEcho is one client.
func loadEcho(c *tls.Conn, window int, until time.Time, got *atomic.Int64) {
	lines, buf := bytes.Repeat(echoLine, window), make([]byte, 64<<10)
	owed := window * len(echoLine)
	for flying := 0; ; {
		if whole := owed / len(echoLine) * len(echoLine); whole > 0 && time.Now().Before(until) {
			n, _ := c.Write(lines[:whole])
			flying, owed = flying+n, owed-n
		}
		if flying == 0 {
			return
		}
		n, err := c.Read(buf)
		flying, owed = flying-n, owed+n
		got.Add(int64(n))
		if err != nil {
			return
		}
	}
}

func TestMain(m *testing.M) {
	transporttest.Prepare()
	switch os.Getenv(echoKind) {
	case "loop":
		if path := os.Getenv("TLSCONN_PROFILE"); path != "" {
			f, err := os.Create(path)
			check(err)
			check(pprof.StartCPUProfile(f))
			defer pprof.StopCPUProfile()
		}
		serve(loopEcho)
	case "goroutines":
		serve(goroutineEcho)
	default:
		goleak.VerifyTestMain(m)
	}
}

// serve runs a server until standard input ends, and answers each line on it with the processor time used so far.
func serve(listen func(cert, key string) (addr string)) {
	fmt.Println(listen(os.Getenv(echoCert), os.Getenv(echoKey)))
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		var u syscall.Rusage
		_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
		fmt.Println(u.Utime.Nano() + u.Stime.Nano())
	}
}

func goroutineEcho(cert, key string) string {
	pair, err := tls.LoadX509KeyPair(cert, key)
	check(err)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}, DynamicRecordSizingDisabled: true})
	check(err)
	go func() {
		for {
			c, err := l.Accept()
			check(err)
			go func() {
				defer c.Close()
				r, w := bufio.NewReaderSize(c, 64<<10), bufio.NewWriterSize(c, 64<<10)
				for {
					line, err := r.ReadSlice('\n')
					if err != nil {
						return
					}
					_, _ = w.Write(line)
					if r.Buffered() == 0 && w.Flush() != nil {
						return
					}
				}
			}()
		}
	}()
	return l.Addr().String()
}

// lineEcho writes each line on its own, as a link does.
type lineEcho struct{ tail []byte }

func (e *lineEcho) OnOpen(transport.Conn)         {}
func (e *lineEcho) OnDrain(transport.Conn)        {}
func (e *lineEcho) OnClose(transport.Conn, error) {}
func (e *lineEcho) OnData(c transport.Conn, p []byte) {
	if len(e.tail) > 0 {
		e.tail = append(e.tail, p...)
		p = e.tail
	}
	for {
		n := bytes.IndexByte(p, '\n') + 1
		if n == 0 {
			break
		}
		_ = c.Write(p[:n])
		p = p[n:]
	}
	e.tail = append(e.tail[:0], p...)
}

func loopEcho(cert, key string) string {
	config, err := tlsconn.New(tlsconn.Options{CertFile: cert, KeyFile: key})
	check(err)
	l, err := reactor.New(reactor.Options{})
	check(err)
	ln, err := tlsconn.Listen(l, tcp.Listen, at(address.TLS, 0), transport.Options{}, config,
		func(transport.Conn) transport.Handler { return &lineEcho{} })
	check(err)
	go func() { check(l.Run(context.Background())) }()
	return ln.Addr().HostPort()
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
