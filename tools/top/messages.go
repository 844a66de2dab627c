package top

import (
	"context"
	"fmt"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/internal/ui"
	"github.com/ed-toolbox/ed/transport/control"
)

// What reaches the model, apart from what bubbletea sends.
type (
	polled struct { // a round of the poller
		snapshot snapshot
		tables   []string
	}
	due    struct{ serial int } // it is time for the next round
	traced struct {             // what services did; no items: the feed has ended
		feed  *control.Feed
		items []control.Followed
	}
	done struct { // an action has ended
		text string
		err  error
	}
)

// pollCmd asks once. There is only one at a time.
func (m *model) pollCmd() tea.Cmd {
	m.polling = true
	p, ctx, tables := m.poller, m.ctx, m.wanted()
	return func() tea.Msg { return polled{p.poll(ctx, time.Now(), tables), tables} }
}

// restForRow is how long a row has to last, unless somebody chose the interval: a table of 10,000 rows is fetched every
// three seconds, so that looking costs neither us nor the process that is looked at much of a processor.
const restForRow = 300 * time.Microsecond

// rest is how long it is from one round to the next.
func (m *model) rest() time.Duration {
	if m.options.exact {
		return m.interval
	}
	return max(m.interval, time.Duration(len(m.frame.rows))*restForRow)
}

// waitCmd waits for the next round.
func (m *model) waitCmd() tea.Cmd {
	m.serial++
	serial := m.serial
	return tea.Tick(m.rest(), func(time.Time) tea.Msg { return due{serial} })
}

// gatherMost is how much of the trace is taken at a time.
const gatherMost = 5000

// watch begins the trace when its view is entered: while nobody looks at it, no service has to make it. What happens in
// between is not seen, and the trace says so.
func (m *model) watch() tea.Cmd {
	if m.feed != nil {
		return nil
	}
	if !m.unwatched.IsZero() {
		m.messages.Gap(fmt.Errorf("not watched for %s: other views were shown", ui.Seconds(m.now().Sub(m.unwatched).Seconds())))
	}
	m.feed = control.Follow(m.ctx, control.FollowOptions{Targets: m.options.targets, Watch: inspect.WatchOptions{}})
	return m.traceCmd()
}

// unwatch ends it when the view is left.
func (m *model) unwatch() tea.Cmd {
	feed := m.feed
	if feed == nil {
		return nil
	}
	m.feed, m.unwatched = nil, m.now()
	return func() tea.Msg {
		feed.Close() // may take a while
		return nil
	}
}

// traceCmd waits for something in the trace, and takes what else is there within a moment, so that a flood does not
// draw the screen for each message.
func (m *model) traceCmd() tea.Cmd {
	feed, ctx := m.feed, m.ctx
	return func() tea.Msg {
		var items []control.Followed
		item, err := feed.Next(ctx)
		if err != nil {
			return traced{feed: feed}
		}
		items = append(items, item)
		moment, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
		defer cancel()
		for len(items) < gatherMost {
			if item, err = feed.Next(moment); err != nil {
				break
			}
			items = append(items, item)
		}
		return traced{feed, items}
	}
}

// askCmd sends a command to a process by a connection of its own, so that it waits for nothing.
func (m *model) askCmd(to control.Socket, text string, ask *message.Message, answered bool) tea.Cmd {
	parent, timeout := m.ctx, m.options.timeout()
	return func() tea.Msg {
		ctx, cancel := context.WithTimeoutCause(parent, timeout, control.ErrSilent)
		defer cancel()
		c, err := control.Dial(ctx, to.Addr)
		if err != nil {
			return done{text, err}
		}
		defer c.Close()
		if answered {
			_, err = c.Do(ctx, ask)
			return done{text, err}
		}
		if err = c.Send(ask); err == nil {
			// An ALIVE behind it tells that the process has read it.
			_, err = c.Do(ctx, message.New("ALIVE"))
			if err != nil && !control.IsRefused(err) && ctx.Err() == nil {
				err = nil // it closed the connection: it is stopping
			}
		}
		return done{text, err}
	}
}
