package router

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// successions is how many instances of a service follow one another.
const successions = 300

// TestSuccessor: an instance of a service that registers as soon as the one before has ended is never refused; and what that one said
// last has arrived, before anything that its successor says.
func TestSuccessor(t *testing.T) {
	for name, tt := range map[string]struct {
		tcp   bool
		words int // last messages of each
	}{
		"unix":                  {false, 0},
		"unix with a last word": {false, 1},
		"unix talker":           {false, 300},
		"tcp":                   {true, 0},
		"tcp with a last word":  {true, 1},
		"tcp talker":            {true, 300},
	} {
		t.Run(name, func(t *testing.T) {
			n := begin(t)
			rounds := successions
			if tt.words > 1 {
				rounds /= 10
			}
			b := n.service("b", "WORD")
			heard := make(chan error, 1)
			go func() { heard <- hearWords(b, rounds*tt.words) }()
			connect := func() *peer {
				if tt.tcp {
					return n.tcp()
				}
				return n.unix()
			}
			before := connect().register("a")
			said := 0
			for range rounds {
				next := connect()
				var last strings.Builder
				for range tt.words {
					fmt.Fprintf(&last, "b/WORD n=%d;text=%0100d\n", said, 0)
					said++
				}
				before.wait()
				_, err := before.c.Write([]byte(last.String()))
				require.NoError(t, err)
				require.NoError(t, before.c.Close())
				next.register("a")
				before = next
			}
			require.NoError(t, <-heard)
		})
	}
}

// hearWords reads so many words, which come in the order in which they were said.
func hearWords(b *peer, words int) error {
	for n := 0; n < words; {
		b.wait()
		line, err := b.r.ReadString('\n')
		if err != nil {
			return err
		}
		if !strings.Contains(line, "WORD") {
			continue
		}
		if want := fmt.Sprintf("<n1:a b/WORD n=%d;text=", n); !strings.HasPrefix(line, want) {
			return fmt.Errorf("heard %q, not %q", line, want)
		}
		n++
	}
	return nil
}

// TestSuccessorOfTalker: the end of the one before comes behind much that it said, and all that is received first; over TCP that end
// has not even arrived yet, as there is no room for it.
func TestSuccessorOfTalker(t *testing.T) {
	for name, words := range map[string]int{"unix": 100, "tcp": 400} {
		t.Run(name, func(t *testing.T) {
			n := begin(t)
			connect := map[string]func() *peer{"unix": n.unix, "tcp": n.tcp}[name]
			b := n.service("b", "WORD")
			before, next := connect().register("a"), connect()
			before.sync()
			next.sync()
			stopped, goOn := make(chan struct{}), make(chan struct{})
			require.NoError(t, n.d.loop.Post(func() { close(stopped); <-goOn }))
			<-stopped
			if c, ok := before.c.(*net.TCPConn); ok {
				require.NoError(t, c.SetWriteBuffer(1<<20))
			}
			var said strings.Builder
			for i := range words {
				fmt.Fprintf(&said, "b/WORD n=%d;text=%01000d\n", i, 0)
			}
			before.send(strings.TrimSuffix(said.String(), "\n"))
			require.NoError(t, before.c.Close())
			next.send("REGISTER service=a;version=1", fmt.Sprintf("b/WORD n=%d;text=", words), "ALIVE serial=4711")
			close(goOn)
			require.NoError(t, hearWords(b, words+1))
			next.want(`HELP$`)
			next.want(`READY`)
			next.want(`ABSOLUTELY.*serial=4711`)
		})
	}
}

// TestLivingKeepsItsName: whoever is there keeps its name, also while it does not read and has said much that is not received yet.
func TestLivingKeepsItsName(t *testing.T) {
	for _, name := range []string{"unix", "tcp"} {
		t.Run(name, func(t *testing.T) {
			n := begin(t)
			connect := map[string]func() *peer{"unix": n.unix, "tcp": n.tcp}[name]
			holder := connect().register("a", "WORD")
			holder.sync()
			for range 100 {
				holder.send("b/WORD", "b/WORD", "ALIVE serial=1")
				next := connect()
				next.send("REGISTER service=a;version=1", "ALIVE serial=2")
				next.want(`^INVALID command=REGISTER;message=service: the name is taken$`)
				next.want(`ABSOLUTELY.*serial=2`)
				require.NoError(t, next.c.Close())
			}
			n.service("b").send("a/WORD n=5")
			holder.skip("WORD n=5")
		})
	}
}

// TestSuccessorsInAHurry: many want the same few names at once, and leave as they like. Each is answered, and nobody is forgotten.
func TestSuccessorsInAHurry(t *testing.T) {
	n := begin(t)
	where := n.at("local_listen")
	const crowd = 12
	over := make(chan error, crowd)
	for i := range crowd {
		go func() {
			random := rand.New(rand.NewPCG(uint64(i), 1))
			var err error
			for range 60 {
				network, to := "unix", n.path("s")
				if random.IntN(2) == 0 {
					network, to = "tcp", where
				}
				if err == nil {
					err = comeAndGo(random, network, to)
				}
			}
			over <- err
		}()
	}
	for range crowd {
		require.NoError(t, <-over)
	}
	eventually(t, "all are gone", func() bool { clients := 0; n.do(func() { clients = n.d.rules.Stats().Clients }); return clients == 0 })
	for i := range 3 {
		n.service(fmt.Sprintf("s%d", i)).sync()
	}
}

// comeAndGo registers, says something and leaves in one of several ways.
func comeAndGo(random *rand.Rand, network, where string) error {
	c, err := net.Dial(network, where)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(c, "REGISTER service=s%d;version=1\n%sALIVE serial=7\n", random.IntN(3), strings.Repeat("s0/WORD\n", random.IntN(500))); err != nil {
		return err
	}
	way := random.IntN(5)
	if way == 0 {
		return nil // before it is answered
	}
	r := bufio.NewReader(c)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return err
		}
		if strings.Contains(line, "ABSOLUTELY") {
			break
		}
	}
	switch end, tcp := c.(interface{ CloseWrite() error }), network == "tcp"; {
	case way == 1:
		_, err = fmt.Fprint(c, "UNREGISTER\n")
	case way == 2:
		err = end.CloseWrite()
	case way == 3 && tcp:
		err = c.(*net.TCPConn).SetLinger(0)
	}
	return err
}
