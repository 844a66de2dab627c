package control

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/open"
)

// Client talks to one control socket. It runs a loop of its own. One goroutine may wait in Next, Inspect or Do at a time;
// Send and Close may be called from others.
type Client struct {
	conn   *link.Blocking
	sheets inspect.SheetReader
	serial uint64
	kept   []Item // what came while something else was waited for
}

// maxKept bounds what is kept for Next while Inspect or Do waits.
const maxKept = 10_000

// maxLine is the length of a line from a control socket: a message of the wire's limit may need twice as much in a record.
const maxLine = 256 << 10

// Dial connects to a control socket; it returns when connected, or when ctx ends.
func Dial(ctx context.Context, a address.Address) (*Client, error) {
	dial := func(l *reactor.Loop, h transport.Handler) (transport.Conn, error) {
		return open.Dial(l, a, transport.Options{}, h)
	}
	conn, err := link.Dial(ctx, dial, link.BlockingOptions{Limit: maxLine, SendTimeout: 5 * time.Second})
	if err != nil {
		return nil, err
	}
	return &Client{conn: conn}, nil
}

// Close ends the visit at once.
func (c *Client) Close() {
	c.conn.Abort(nil)
	_ = c.conn.Close() // nothing that was sent matters any more
}

// Send sends a message: a default command, DISCONNECT or WATCH; what it is answered comes by Next.
func (c *Client) Send(m *message.Message) error { return c.conn.Send(m) }

// Item is something that came: one of the four.
type Item struct {
	Record  *inspect.Record
	Lost    *Loss
	Sheet   *inspect.Sheet
	Message *message.Message // anything else
}

// Loss says that records were dropped between the one before and the one after.
type Loss struct {
	inspect.Lost
	Watch uint64
	Total uint64 // since the watch began
}

// Next waits for what comes next. It returns io.EOF when the process closed the connection, or ended.
func (c *Client) Next(ctx context.Context) (Item, error) {
	if len(c.kept) > 0 {
		i := c.kept[0]
		c.kept = c.kept[1:]
		return i, nil
	}
	return c.next(ctx)
}

func (c *Client) next(ctx context.Context) (Item, error) {
	for {
		m, err := c.conn.Recv(ctx)
		if err != nil {
			return Item{}, err
		}
		switch string(m.CommandBytes()) {
		case "TRACE":
			r := new(inspect.Record)
			err := inspect.ParseRecord(m, r)
			return Item{Record: r}, err
		case "LOST":
			l, err := parseLoss(m)
			return Item{Lost: l}, err
		case "TABLE", "ROW", "TABLE_END":
			s, err := c.sheets.Add(m)
			if s != nil || err != nil {
				return Item{Sheet: s}, err
			}
		default:
			return Item{Message: m}, nil
		}
	}
}

func parseLoss(m *message.Message) (*Loss, error) {
	l := &Loss{}
	for name, to := range map[string]*uint64{"slow": &l.Slow, "rate": &l.Rate, "watch": &l.Watch, "total": &l.Total} {
		if m.Has(name) {
			n, err := m.Uint(name)
			if err != nil {
				return nil, err
			}
			*to = n
		}
	}
	return l, nil
}

// keep puts aside what is for Next.
func (c *Client) keep(i Item) error {
	if len(c.kept) >= maxKept {
		return fmt.Errorf("control socket: more than %d items came before an answer", maxKept)
	}
	c.kept = append(c.kept, i)
	return nil
}

// Inspect fetches tables, in the order of their names here. Records that come meanwhile are kept for Next. A table that the process does not have is
// a *RefusedError.
func (c *Client) Inspect(ctx context.Context, tables ...string) ([]*inspect.Sheet, error) {
	m := inspection(tables)
	serial, err := c.ask(ctx, m)
	if err != nil {
		return nil, err
	}
	var all []*inspect.Sheet
	for len(all) < max(len(tables), 1) {
		i, err := c.next(ctx)
		switch {
		case err != nil:
			return nil, err
		case i.Sheet != nil && i.Sheet.Serial == serial:
			all = append(all, i.Sheet)
		case i.Message != nil && refusal(i.Message, "INSPECT") != nil:
			return nil, refusal(i.Message, "INSPECT")
		default:
			if err := c.keep(i); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// inspection is the question for tables; for the table of tables, if there are none.
func inspection(tables []string) *message.Message {
	m := message.New("INSPECT")
	if len(tables) > 0 {
		m.Set("table", strings.Join(tables, ","))
	}
	return m
}

// ask sends a question with a serial number.
func (c *Client) ask(ctx context.Context, m *message.Message) (string, error) {
	c.serial++
	serial := strconv.FormatUint(c.serial, 10)
	err := c.conn.Send(m.Set("serial", serial))
	if err != nil {
		err = cmp.Or(c.refused(ctx, m.Command()), err)
	}
	return serial, err
}

// Do sends a WATCH, UNWATCH or DISCONNECT and waits for its answer, or for that of any other command with a serial number.
func (c *Client) Do(ctx context.Context, m *message.Message) (*message.Message, error) {
	command := m.Command()
	serial, err := c.ask(ctx, m)
	if err != nil {
		return nil, err
	}
	for {
		i, err := c.next(ctx)
		if err != nil {
			return nil, err
		}
		if i.Message != nil {
			if err := refusal(i.Message, command); err != nil {
				return nil, err
			}
			if got, _ := i.Message.Get("serial"); got == serial {
				return i.Message, nil
			}
		}
		if err := c.keep(i); err != nil {
			return nil, err
		}
	}
}

// Watch begins a watch and returns its number. Its records come by Next.
func (c *Client) Watch(ctx context.Context, o inspect.WatchOptions) (uint64, error) {
	reply, err := c.Do(ctx, o.Message())
	if err != nil {
		return 0, err
	}
	return reply.Uint("watch")
}
