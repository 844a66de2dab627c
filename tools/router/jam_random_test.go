package router

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// jammers are services that send to others which read at whatever pace, and what became of their messages.
type jammers struct {
	mu       sync.Mutex
	arrived  map[string]int
	reported map[string]int
	wrong    []string
	over     chan struct{}
	all      sync.WaitGroup
}

// read registers a name and notes what comes: quickly, slowly, or after a pause that is too long. It begins again when the router closes
// the connection, as it does with those that are too slow.
func (j *jammers) read(socket, name string, random *rand.Rand) {
	last := map[string]int{}
	for {
		c, err := net.Dial("unix", socket)
		if err != nil {
			return
		}
		fmt.Fprintf(c, "REGISTER service=%s;version=1\n", name)
		for r := bufio.NewReader(c); ; {
			line, err := r.ReadString('\n')
			if err != nil {
				break
			}
			if _, id, ok := strings.Cut(line, "/DO_"); ok {
				j.note(last, id)
			}
			switch n := random.IntN(1000); {
			case n < 20:
				j.dawdle(time.Millisecond)
			case n == 20:
				j.dawdle(150 * time.Millisecond) // longer than anybody waits
			}
		}
		c.Close()
		select {
		case <-j.over:
			return
		default:
		}
	}
}

// dawdle is a pause in reading.
func (j *jammers) dawdle(d time.Duration) {
	select {
	case <-j.over:
	case <-time.After(d):
	}
}

// note takes a message, "sender_number" and parameters, which must come behind those that its sender sent before.
func (j *jammers) note(last map[string]int, id string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	id, _, _ = strings.Cut(id, " ")
	j.arrived[id]++
	var n int
	sender, number, _ := strings.Cut(id, "_")
	fmt.Sscan(number, &n)
	if before, ok := last[sender]; ok && n <= before {
		j.wrong = append(j.wrong, fmt.Sprintf("%s came behind %d", id, before))
	}
	last[sender] = n
}

// listen notes what a sender is told, and that it was heard to its end.
func (j *jammers) listen(p *peer, heard chan<- string) {
	for {
		line, err := p.r.ReadString('\n')
		if err != nil {
			return
		}
		if strings.Contains(line, "ABSOLUTELY") {
			heard <- p.name
		}
		if _, id, ok := strings.Cut(line, "TRANSMISSION_REPORT command=DO_"); ok {
			id, _, _ = strings.Cut(id, ";")
			j.mu.Lock()
			j.reported[id]++
			j.mu.Unlock()
		}
	}
}

// TestRandomJams: whoever reads at whatever pace, each message arrives once and in order, or is reported, and all senders are heard to their
// end.
func TestRandomJams(t *testing.T) {
	n := begin(t, "client_queue=128K")
	n.do(func() { n.d.jamTime = 20 * time.Millisecond })
	j := &jammers{arrived: map[string]int{}, reported: map[string]int{}, over: make(chan struct{})}
	readers := []string{"r0", "r1", "r2"}
	for i, name := range readers {
		j.all.Go(func() { j.read(n.path("s"), name, rand.New(rand.NewPCG(7, uint64(i)))) })
	}
	const senders, messages = 5, 500
	heard := make(chan string, senders)
	for s := range senders {
		p := n.service(fmt.Sprint("s", s), "TRANSMISSION_REPORT")
		p.sync()
		p.wait()
		j.all.Go(func() { j.listen(p, heard) })
		j.all.Go(func() {
			random := rand.New(rand.NewPCG(8, uint64(s)))
			for i := range messages {
				fmt.Fprintf(p.c, "%s/DO_%d_%d transmission_report=failure;p=%0900d\n", readers[random.IntN(len(readers))], s, i, 0)
			}
			fmt.Fprintln(p.c, "ALIVE")
		})
	}
	for range senders {
		select {
		case <-heard:
		case <-time.After(patience):
			t.Fatal("a sender is not heard")
		}
	}
	eventually(t, "each has its fate", func() bool {
		j.mu.Lock()
		defer j.mu.Unlock()
		for i := range senders * messages {
			if id := fmt.Sprintf("%d_%d", i/messages, i%messages); j.arrived[id]+j.reported[id] == 0 {
				return false
			}
		}
		return true
	})
	eventually(t, "nobody is waited for", func() bool { return n.waiting() == 0 })
	close(j.over)
	n.end()
	j.all.Wait()
	require.Empty(t, j.wrong)
	for id, times := range j.arrived {
		require.Equal(t, 1, times, id)
		require.LessOrEqual(t, j.reported[id], 1, id)
	}
	t.Logf("%d arrived, %d were reported", len(j.arrived), len(j.reported))
}
