package control

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/core/message"
)

// scan looks for services again and again, and has each watched.
func (f *Feed) scan(ctx context.Context) {
	defer f.running.Done()
	defer close(f.items)
	tick := time.NewTicker(f.options.Rescan)
	defer tick.Stop()
	var attachments sync.WaitGroup
	defer attachments.Wait()
	for {
		found, _ := Find(f.options.Targets)
		f.forget(found)
		for _, s := range found {
			if f.begin(s) {
				attachments.Go(func() { f.attach(ctx, s) })
			}
		}
		select {
		case <-tick.C:
		case <-f.finishing.Done():
			return
		}
	}
}

// forget drops what is known of sockets that could not be watched and are gone: processes come and go.
func (f *Feed) forget(found []Socket) {
	f.mu.Lock()
	defer f.mu.Unlock()
	maps.DeleteFunc(f.refused, func(a address.Address, _ refused) bool {
		return !slices.ContainsFunc(found, func(s Socket) bool { return s.Addr == a })
	})
}

// begin says whether a socket is to be watched, and notes that it is. At the end none is: those that have been let go of are not
// attached any more.
func (f *Feed) begin(s Socket) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.finishing.Err() != nil {
		return false
	}
	if _, on := f.attached[s.Addr]; on || time.Now().Before(f.refused[s.Addr].until) {
		return false
	}
	f.attached[s.Addr] = s
	return true
}

// attach watches one socket until its end.
func (f *Feed) attach(ctx context.Context, s Socket) {
	name, err := f.follow(ctx, s)
	f.mu.Lock()
	delete(f.attached, s.Addr)
	if name != "" {
		f.seen[name] = time.Now()
		if s.given {
			f.known[s.Addr] = true
		}
		delete(f.refused, s.Addr)
	}
	news := false
	if name == "" && ctx.Err() == nil {
		news = f.refused[s.Addr].text != err.Error() && !(IsAbsent(err) && (!s.given || f.known[s.Addr]))
		f.refused[s.Addr] = refused{err.Error(), time.Now().Add(time.Second)}
	}
	f.mu.Unlock()
	if news {
		f.put(ctx, Followed{From: s, State: Refused, Err: err})
	}
}

// IsAbsent says that err is how a process looks that has gone or is not there yet: no news for one that was found by its
// name.
func IsAbsent(err error) bool {
	for _, sign := range []error{io.EOF, syscall.ENOENT, syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, sign) {
			return true
		}
	}
	return false
}

// dialTimeout is how long a process may take to answer: one that stands still is refused.
const dialTimeout = 5 * time.Second

// errNameless is what is wrong with the answer to a WATCH that has no name: nobody could tell whose records they are.
var errNameless = errors.New("it does not say its name")

// follow returns the name of the service when its watch has ended, or why it could not be watched.
func (f *Feed) follow(ctx context.Context, s Socket) (string, error) {
	begin, cancel := context.WithTimeoutCause(ctx, dialTimeout, ErrSilent)
	defer cancel()
	c, err := Dial(begin, s.Addr)
	if err != nil {
		return "", err
	}
	defer c.Close()
	reply, err := c.Do(begin, f.options.Watch.Message())
	if err != nil {
		return "", err
	}
	name, _ := reply.Get("name")
	if s.Name == "" { // the name of its file was given to it by who owns the folder; what it says of itself is its word alone
		if name == "" {
			return "", errNameless
		}
		s.Name = name
		pid, _ := reply.Int("pid")
		s.PID = int(pid)
	}
	f.put(ctx, Followed{From: s, State: Attached, Gap: f.note(s)})
	var got tally
	for {
		i, err := c.Next(f.finishing)
		switch {
		case err != nil && f.finishing.Err() != nil && ctx.Err() == nil:
			if f.rest(ctx, c, s, got) != nil {
				f.short.Store(true)
			}
			return s.Name, nil
		case err != nil:
			if ctx.Err() == nil {
				if errors.Is(err, io.EOF) {
					err = nil
				}
				f.put(ctx, Followed{From: s, State: Detached, Err: err})
			}
			return s.Name, nil
		case i.Record != nil || i.Lost != nil:
			got.add(&i)
			f.put(ctx, Followed{From: s, Record: i.Record, Lost: i.Lost})
		}
	}
}

// tally counts the messages of a watch that came.
type tally struct {
	shown uint64
	lost  inspect.Lost
}

func (t *tally) add(i *Item) {
	switch {
	case i.Record != nil:
		t.shown++
	case i.Lost != nil:
		t.lost.Slow += i.Lost.Slow
		t.lost.Rate += i.Lost.Rate
	}
}

// missing is what has not come of so many messages, and never will, of which rate were dropped because of the rate.
func (t *tally) missing(all, rate uint64) *Loss {
	came := t.shown + t.lost.Sum()
	if all <= came {
		return nil
	}
	l := &Loss{Total: all - t.shown}
	l.Rate = min(rate-min(rate, t.lost.Rate), all-came)
	l.Slow = all - came - l.Rate
	return l
}

// rest ends the watch of a service, of which so many messages have come, and takes what is on its way. The answer says how many
// there were: those that do not come are lost.
func (f *Feed) rest(ctx context.Context, c *Client, s Socket, got tally) error {
	if err := c.Send(message.New("UNWATCH")); err != nil {
		return err
	}
	for {
		i, err := c.Next(ctx)
		switch {
		case err != nil:
			return err
		case i.Record != nil || i.Lost != nil:
			got.add(&i)
			f.put(ctx, Followed{From: s, Record: i.Record, Lost: i.Lost})
		case i.Message != nil && i.Message.Command() == "UNWATCHED":
			all, err := i.Message.Uint("matched")
			if err != nil {
				return err
			}
			rate, _ := i.Message.Uint("rate") // those that do not say so are older
			if l := got.missing(all, rate); l != nil {
				f.put(ctx, Followed{From: s, Lost: l})
			}
			return nil
		}
	}
}

// note remembers what the socket turned out to be, and says how long the service was gone.
func (f *Feed) note(s Socket) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.attached[s.Addr] = s
	if last, ok := f.seen[s.Name]; ok {
		delete(f.seen, s.Name)
		return time.Since(last)
	}
	return 0
}

func (f *Feed) put(ctx context.Context, i Followed) {
	i.At = time.Now()
	select {
	case f.items <- i:
	case <-ctx.Done():
	}
}
