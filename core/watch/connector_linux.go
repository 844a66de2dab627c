package watch

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Of linux/cn_proc.h and linux/connector.h, which x/sys/unix does not have.
const (
	procIndex = 1 // CN_IDX_PROC, CN_VAL_PROC, and the multicast group
	opListen  = 1
	opIgnore  = 2

	evNone = 0
	evFork = 1
	evExec = 2
	evComm = 0x200
	evExit = 0x80000000

	nlHeader   = 16 // struct nlmsghdr
	cnHeader   = 20 // struct cn_msg
	procHeader = 16 // struct proc_event up to the union

	connectorBuffer  = 8 << 10
	connectorReceive = 4 << 20 // some ten thousand events
)

// connector is a socket on which the kernel tells of every process. See the kernel's documentation of the proc connector.
type connector struct {
	fd     int
	buffer []byte
}

// procChange is one event of the kernel.
type procChange struct {
	what      uint32
	pid, tgid int
	child     int // of evFork: the new thread
	childTgid int // of evFork: its process
	status    uint32
	name      string
}

// openConnector is ErrUnsupported where the kernel does not have it, forbids it, or, as in a container, does not answer.
func openConnector() (connector, error) {
	none := connector{fd: -1}
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_CONNECTOR)
	if errors.Is(err, unix.EPROTONOSUPPORT) || errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		return none, fmt.Errorf("%w: %w", ErrUnsupported, os.NewSyscallError("socket", err))
	} else if err != nil {
		return none, os.NewSyscallError("socket", err)
	}
	c := connector{fd: fd, buffer: make([]byte, connectorBuffer)}
	if err := c.listen(); err != nil {
		c.close()
		return none, fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	return c, nil
}

func (c *connector) listen() error {
	if err := unix.Bind(c.fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: procIndex}); err != nil {
		return os.NewSyscallError("bind", err)
	}
	// The first is allowed beyond the system's maximum with the capability that is needed anyway.
	if unix.SetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, connectorReceive) != nil {
		_ = unix.SetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, connectorReceive)
	}
	if err := c.send(opListen); err != nil {
		return err
	}
	return c.confirmed()
}

func (c *connector) send(op uint32) error {
	b := make([]byte, 0, nlHeader+cnHeader+4)
	order := binary.NativeEndian
	b = order.AppendUint32(b, nlHeader+cnHeader+4)
	b = order.AppendUint16(b, unix.NLMSG_DONE)
	b = order.AppendUint16(b, 0)
	b = order.AppendUint32(b, 0) // sequence
	b = order.AppendUint32(b, 0) // port: the kernel fills it in
	b = order.AppendUint32(b, procIndex)
	b = order.AppendUint32(b, procIndex)
	b = order.AppendUint32(b, uint32(os.Getpid()))
	b = order.AppendUint32(b, 0)
	b = order.AppendUint16(b, 4)
	b = order.AppendUint16(b, 0)
	b = order.AppendUint32(b, op)
	_, err := unix.Write(c.fd, b) // to the kernel, as all that has no other address
	return os.NewSyscallError("write", err)
}

// confirmed looks for the kernel's answer, which is there when the request was sent; outside of the machine's own name
// spaces there is none.
func (c *connector) confirmed() error {
	for {
		var status error
		answered := false
		empty, err := c.read(func(e procChange) {
			if e.what == evNone {
				answered = true
				if e.status != 0 {
					status = unix.Errno(e.status)
				}
			}
		})
		switch {
		case answered:
			return status
		case err != nil:
			return err
		case empty:
			return errors.New("no answer of the proc connector")
		}
	}
}

// read gives f one datagram's events, and says whether there was none. ENOBUFS: events were dropped.
func (c *connector) read(f func(procChange)) (empty bool, err error) {
	n, err := unix.Read(c.fd, c.buffer)
	switch {
	case errors.Is(err, unix.EAGAIN):
		return true, nil
	case errors.Is(err, unix.EINTR):
		return false, nil
	case err != nil:
		return false, os.NewSyscallError("read", err)
	}
	for rest := c.buffer[:n]; len(rest) >= nlHeader; {
		size := int(binary.NativeEndian.Uint32(rest))
		if size < nlHeader || size > len(rest) {
			break
		}
		if e, ok := parseProcChange(rest[nlHeader:size]); ok {
			f(e)
		}
		rest = rest[min(len(rest), (size+3)&^3):]
	}
	return false, nil
}

// parseProcChange reads what follows the netlink header. Other events than those we know are left out.
func parseProcChange(b []byte) (e procChange, ok bool) {
	if len(b) < cnHeader+procHeader || binary.NativeEndian.Uint32(b) != procIndex {
		return e, false
	}
	b = b[cnHeader:]
	field := func(i int) uint32 {
		if at := procHeader + 4*i; at+4 <= len(b) {
			return binary.NativeEndian.Uint32(b[at:])
		}
		return 0
	}
	e.what, e.pid, e.tgid = binary.NativeEndian.Uint32(b), int(field(0)), int(field(1))
	switch e.what {
	case evNone:
		e.status = field(0)
	case evFork:
		e.child, e.childTgid = int(field(2)), int(field(3))
	case evExit:
		e.status = field(2)
	case evExec:
	case evComm:
		if len(b) < procHeader+8+16 {
			return e, false
		}
		e.name = unix.ByteSliceToString(b[procHeader+8:][:16])
	default:
		return e, false
	}
	return e, true
}

func (c *connector) close() {
	if c.fd < 0 {
		return
	}
	_ = c.send(opIgnore) // older kernels go on counting a listener that only went away
	_ = unix.Close(c.fd)
	c.fd = -1
}
