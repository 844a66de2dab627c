package inspect

// queue holds lines for a watcher, bounded in bytes. It holds no pointers but two, and its memory is used again.
type queue struct {
	text  []byte
	sizes []int32
	head  int // text[head:] and
	first int // sizes[first:] are waiting
	limit int
}

func (q *queue) len() int   { return len(q.sizes) - q.first }
func (q *queue) bytes() int { return len(q.text) - q.head }

// room says whether a line of so many bytes may be added: one always may to an empty queue.
func (q *queue) room(n int) bool { return q.len() == 0 || q.bytes()+n <= q.limit }

// begin returns the slice to append a line to, which is given to end.
func (q *queue) begin() []byte {
	if q.head > len(q.text)/2 { // moving pays
		q.text = q.text[:copy(q.text, q.text[q.head:])]
		q.sizes = q.sizes[:copy(q.sizes, q.sizes[q.first:])]
		q.head, q.first = 0, 0
	}
	return q.text
}

// end adds the line that was appended to what begin returned, if there is room for it.
func (q *queue) end(text []byte) bool {
	n := len(text) - len(q.text)
	if !q.room(n) {
		q.text = text[:len(q.text)]
		return false
	}
	q.text = text
	q.sizes = append(q.sizes, int32(n))
	return true
}

// front is the oldest line, borrowed until the next begin.
func (q *queue) front() []byte { return q.text[q.head : q.head+int(q.sizes[q.first])] }

// keepQueue is the memory that an empty queue keeps, in bytes.
const keepQueue = 64 << 10

func (q *queue) pop() {
	q.head += int(q.sizes[q.first])
	q.first++
	if q.first < len(q.sizes) {
		return
	}
	q.head, q.first = 0, 0
	q.text, q.sizes = q.text[:0], q.sizes[:0]
	if cap(q.text) > keepQueue {
		q.text, q.sizes = nil, nil
	}
}
