package link

import "iter"

// lineEnd ends a line, but not a packet.
var lineEnd = []byte{'\n'}

// entry is what is known of a line in a queue.
type entry struct {
	expires int64 // when it is too late to send it, in ns of the loop's clock; 0: never
	given   int64 // when the connection took it
	size    int32 // with the line feed
	kind    kind
}

// kind says what a line is for.
type kind uint8

const (
	reply  kind = iota // sent through the link: it is lost with the connection
	queued             // sent through the Permanent: it goes by the next connection
	own                // hello and heartbeat: nobody asks what became of them
)

// lines is a queue of lines. It holds no pointers but two, and its memory is used again.
type lines struct {
	text  []byte
	list  []entry
	head  int // text[head:] and
	first int // list[first:] are in the queue
}

// keepText is the memory that an empty queue keeps, in bytes.
const keepText = 64 << 10

func (q *lines) len() int   { return len(q.list) - q.first }
func (q *lines) bytes() int { return len(q.text) - q.head }

// push copies text to the end of the queue.
func (q *lines) push(text []byte, e entry) {
	e.size = int32(len(text))
	q.text, q.head = pack(q.text, q.head, len(text))
	q.text = append(q.text, text...)
	q.list, q.first = pack(q.list, q.first, 1)
	q.list = append(q.list, e)
}

// pack makes room for n more in front of a slice that would have to grow, if what was taken from there is half of it.
func pack[E any](s []E, from, n int) ([]E, int) {
	if from > 0 && len(s)+n > cap(s) && from >= len(s)/2 {
		return s[:copy(s, s[from:])], 0
	}
	return s, from
}

// front is the oldest line; it is borrowed until the next push.
func (q *lines) front() ([]byte, *entry) {
	e := &q.list[q.first]
	return q.text[q.head : q.head+int(e.size)], e
}

// pop takes the oldest line away.
func (q *lines) pop() {
	q.head += int(q.list[q.first].size)
	q.first++
	if q.first < len(q.list) {
		return
	}
	q.head, q.first = 0, 0
	q.text, q.list = q.text[:0], q.list[:0]
	if cap(q.text) > keepText {
		q.text, q.list = nil, nil
	}
}

// all are the lines, the oldest first; the queue must not change meanwhile.
func (q *lines) all() iter.Seq2[[]byte, *entry] {
	return func(yield func([]byte, *entry) bool) {
		at := q.head
		for i := q.first; i < len(q.list); i++ {
			e := &q.list[i]
			if !yield(q.text[at:at+int(e.size)], e) {
				return
			}
			at += int(e.size)
		}
	}
}

// keep drops the lines that f does not want.
func (q *lines) keep(f func(text []byte, e *entry) bool) {
	text, list := q.text[:0], q.list[:0]
	for line, e := range q.all() {
		if f(line, e) { // what is kept moves to the front, where everything has been looked at
			text, list = append(text, line...), append(list, *e)
		}
	}
	*q = lines{text: text, list: list}
}
