package stream

import "golang.org/x/sys/unix"

// call is a recv or send of one connection, among those of many that are made in a row. They do not block, so the scheduler is not told
// of them; all together may take some 100 µs.
//
// recvAll makes calls until they have brought enough, and returns how many it made. What they bring is in the room, without gaps; there
// must be room for what is enough and the largest of the calls. sendAll makes all calls. There must be one.
type call struct {
	fd   int
	p    *byte // to send
	size int   // bytes to send, or room to receive them
	got  int   // what the system call returned: bytes, or -errno
}

const (
	recvFrom = unix.SYS_RECVFROM
	sendTo   = unix.SYS_SENDTO
	dontWait = unix.MSG_DONTWAIT
	noSignal = unix.MSG_NOSIGNAL
)

// result is got as recv and send return it.
func (c *call) result() (n int, errno unix.Errno) {
	if c.got < 0 {
		return -1, unix.Errno(-c.got)
	}
	return c.got, 0
}
