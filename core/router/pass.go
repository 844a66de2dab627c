package router

import "github.com/ed-toolbox/ed/core/message"

// RoomConn is a Conn that lends room in its queue, so that lines that only pass are copied there at once, many at a time.
type RoomConn interface {
	Conn
	// Room returns where lines may be appended, each with its line feed, within the capacity; there is room for so many bytes at
	// least. It is nil if there is none, and then Send is to be used. Nothing else is done with any connection before Fill.
	Room(bytes int) []byte
	// Fill hands back what Room returned, with what was appended, and says how many messages that were; it may be none.
	Fill(room []byte, messages int)
}

// LinesConn is a Conn that takes many lines at once, so that a broadcast costs each receiver no more than its bytes.
type LinesConn interface {
	Conn
	// TakesLines says whether it does now: the client reads text.
	TakesLines() bool
	// SendLines sends messages, each with its line feed, all or none. The text is borrowed until it returns. Errors are those of Send.
	SendLines(text []byte, messages int) error
}

// route is where lines of a client go that have the same head: to its memo, or to all who announced a command.
type route struct {
	generation uint64  // of the memo, and …
	to         *Client // likewise
	same       message.Same
	command    []byte // of same.Head, when they are broadcasts
	everywhere bool   // they are for other routers, too
}

// Pass is Receive for lines as they came: it passes those on that take the short way, from the first up to one that does not, and
// returns how many bytes of p it is done with, whole lines, and how many these were. The others go through Receive. p begins where a
// line does.
//
// What messages of services of this node to others cost is finding where they end, and one copy.
func (r *Router) Pass(c *Client, p []byte) (used, messages int) {
	for c.quick && used < len(p) {
		found, passed := r.lines.Find(p[used:]), 0
		for passed < found {
			n, bytes := r.pass(c, passed)
			if n == 0 {
				return used, messages
			}
			passed, used, messages = passed+n, used+bytes, messages+n
		}
		if found == 0 {
			break
		}
	}
	return used, messages
}

// pass passes on lines from line i on, as long as they go to the same. It returns how many they were and their bytes.
func (r *Router) pass(c *Client, i int) (n, bytes int) {
	way := r.routed(c, i)
	if way == nil {
		return 0, 0
	}
	way.same.Sender, way.same.Limit = c.sender, r.o.Limits.Line
	if way.command != nil {
		n, bytes = r.passToAll(c, way, i)
	} else {
		n, bytes = r.passToOne(c, way.to, i)
	}
	c.received += uint64(n)
	return n, bytes
}

// routed returns where lines with the head of line i go, and line i does, if they take the short way.
func (r *Router) routed(c *Client, i int) *route {
	line, size := r.lines.Line(i)
	way, m, head := c.route, &r.passing, line[:size]
	if way != nil && string(way.same.Head) == string(head) &&
		(way.command != nil || way.generation == r.services.generation && way.to == c.memo.to) {
		return way
	}
	if !r.lines.Decode(i, m) {
		return nil
	}
	group := isGroup(m.ServiceBytes())
	if group && len(m.ServerBytes()) != 0 || !group && r.near(c, m) == nil {
		return nil
	}
	if way == nil {
		way = new(route)
		way.same.Never(paramCache, paramReport, paramID)
		c.route = way
	}
	way.same.Head, way.same.From = append(way.same.Head[:0], head...), m.Destination()
	if way.command = nil; group {
		way.command, way.everywhere = way.same.Head[size-len(m.CommandBytes()):], m.ServiceBytes()[0] != '.'
	} else if way.generation = c.memo.generation; way.to != c.memo.to {
		way.to = c.memo.to
	}
	return way
}

// passToOne passes on lines from line i on to a service that they name.
func (r *Router) passToOne(c, to *Client, i int) (n, bytes int) {
	conn, ok := to.conn.(RoomConn)
	if !ok {
		return 0, 0
	}
	line, _ := r.lines.Line(i)
	same := &c.route.same
	room := conn.Room(same.Sender.Len() - same.From + len(line))
	if room == nil {
		return 0, 0
	}
	for {
		more, lines, size := r.lines.Append(room, i, same)
		room, i, n, bytes = more, i+lines, n+lines, bytes+size
		if lines == 0 || i == r.lines.Len() {
			break
		}
		if way := r.routed(c, i); way == nil || way.command != nil || way.to != to {
			break
		}
	}
	conn.Fill(room, n)
	to.sent += uint64(n)
	r.stats.Forwarded += uint64(n)
	return n, bytes
}

// blockBytes is how much is made of broadcasts at once.
const blockBytes = 64 << 10

// passToAll passes on lines from line i on to the services that announced their command, if all of these take lines, and there is no
// other router that they are for. What nobody gets goes the other way.
func (r *Router) passToAll(c *Client, way *route, i int) (n, bytes int) {
	e := r.commands[string(way.command)]
	if e == nil || way.everywhere && len(r.peers) > 0 || !e.takesLines(c) {
		return 0, 0
	}
	if r.block == nil {
		r.block = make([]byte, 0, blockBytes)
	}
	text, n, bytes := r.lines.Append(r.block[:0], i, &way.same)
	if n == 0 {
		return 0, 0
	}
	defer r.leave(r.enter())
	reached := 0
	for to := range e.receivers(c) {
		if to.conn.(LinesConn).SendLines(text, n) != nil {
			to.refused += uint64(n)
			continue
		}
		to.sent += uint64(n)
		reached++
	}
	c.reachesAll()
	r.stats.Broadcasts += uint64(n)
	r.stats.Delivered += uint64(n * reached)
	if reached == 0 {
		r.stats.Undelivered += uint64(n)
	}
	return n, bytes
}

// takesLines says whether all take lines that are to get what c broadcasts, and there are any.
func (e *command) takesLines(c *Client) bool {
	found := false
	for to := range e.receivers(c) {
		if conn, ok := to.conn.(LinesConn); !ok || !conn.TakesLines() {
			return false
		}
		found = true
	}
	return found
}
