package sockaddr

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// BatchSize is how many packets one call moves at most.
const BatchSize = 64

// MaxIn is the longest packet that an In takes.
const MaxIn = 64 << 10

// stride is the distance of two packets in the buffer of an In. The odd cache
// lines keep the beginnings of all packets from sharing the same few sets of the
// processor's caches.
const stride = MaxIn + 9*64

// credentials is the room for one SCM_CREDENTIALS message: unix(7).
var credentials = unix.CmsgSpace(unix.SizeofUcred)

// controlSize is at least credentials.
const controlSize = 64

// header is struct mmsghdr: recvmmsg(2).
type header struct {
	msg unix.Msghdr
	len uint32
}

// In receives many packets by one call. One serves all sockets of a loop: what
// it holds is good until the next Receive.
type In struct {
	headers [BatchSize]header
	vectors [BatchSize]unix.Iovec
	names   [BatchSize]Raw
	control [BatchSize][controlSize]byte
	buffer  []byte // pages that no packet reaches are never touched
	used    int    // headers to be prepared anew
	size    int    // of the last Receive
	senders bool
}

// NewIn makes a receiver.
func NewIn() *In {
	b := &In{buffer: make([]byte, BatchSize*stride), used: BatchSize}
	for i := range b.headers {
		b.vectors[i].Base = &b.buffer[i*stride]
		m := &b.headers[i].msg
		m.Iov = &b.vectors[i]
		m.SetIovlen(1)
		m.Name = &b.names[i].buf[0]
	}
	return b
}

// Receive takes what is there from a non-blocking socket, up to BatchSize packets of
// up to size bytes each; senders says whether to ask who they are (SO_PASSCRED).
// It never blocks.
func (b *In) Receive(fd, size int, senders bool) (int, unix.Errno) {
	size = min(size, MaxIn)
	if size != b.size || senders != b.senders {
		b.size, b.senders, b.used = size, senders, BatchSize
	}
	for i := range b.used {
		b.vectors[i].SetLen(size)
		m := &b.headers[i].msg
		m.Namelen = uint32(len(b.names[i].buf))
		if m.Control, m.Controllen = nil, 0; senders {
			m.Control = &b.control[i][0]
			m.SetControllen(credentials)
		}
	}
	n, _, e := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(fd), uintptr(unsafe.Pointer(&b.headers)), BatchSize, unix.MSG_DONTWAIT, 0, 0)
	if e != 0 {
		b.used = 1 // the kernel may have begun with the first
		return 0, e
	}
	b.used = min(int(n)+1, BatchSize)
	return int(n), 0
}

// Packet is one of those received; cut says that it was longer than size.
func (b *In) Packet(i int) (p []byte, cut bool) {
	h := &b.headers[i]
	return b.buffer[i*stride:][:h.len], h.msg.Flags&unix.MSG_TRUNC != 0
}

// From is the sender of a packet.
func (b *In) From(i int) *Raw {
	b.names[i].len = b.headers[i].msg.Namelen
	return &b.names[i]
}

// Credentials says who sent a packet, if Receive was told to ask.
func (b *In) Credentials(i int) (unix.Ucred, bool) {
	m := &b.headers[i].msg
	if m.Control == nil || int(m.Controllen) < credentials {
		return unix.Ucred{}, false
	}
	h := (*unix.Cmsghdr)(unsafe.Pointer(m.Control))
	if h.Level != unix.SOL_SOCKET || h.Type != unix.SCM_CREDENTIALS {
		return unix.Ucred{}, false
	}
	return *(*unix.Ucred)(unsafe.Pointer(&b.control[i][unix.CmsgLen(0)])), true
}

// Out sends many packets by one call. One serves all sockets of a loop.
type Out struct {
	headers [BatchSize]header
	vectors [BatchSize]unix.Iovec
	n       int
}

// Reset begins a batch.
func (b *Out) Reset() { b.n = 0 }

// Full says that Add takes no more.
func (b *Out) Full() bool { return b.n == BatchSize }

// Add puts p into the batch; a nil address sends to the connected peer. Both must
// stay where they are until Send.
func (b *Out) Add(p []byte, to *Raw) {
	h, v := &b.headers[b.n], &b.vectors[b.n]
	b.n++
	v.Base = unsafe.SliceData(p)
	v.SetLen(len(p))
	h.msg = unix.Msghdr{Iov: v}
	h.msg.SetIovlen(1)
	if to != nil {
		h.msg.Name, h.msg.Namelen = &to.buf[0], to.len
	}
}

// Send sends the batch and says how many packets the kernel took; an error is that of
// the first. The kernel does not tell why it stopped between packets: sending the
// next one again does. It never blocks.
func (b *Out) Send(fd int) (int, unix.Errno) {
	n, _, e := unix.RawSyscall6(unix.SYS_SENDMMSG, uintptr(fd), uintptr(unsafe.Pointer(&b.headers)), uintptr(b.n),
		unix.MSG_NOSIGNAL|unix.MSG_DONTWAIT, 0, 0)
	if e != 0 {
		return 0, e
	}
	return int(n), 0
}
