package proc

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// Unread asks the kernel how much there is for other processes of this host that they have not read, and whether they have ended, by
// sock_diag(7). Anybody may ask. It is not safe for concurrent use.
type Unread struct {
	fd     int
	serial uint32
	reply  [8 << 10]byte
}

// OpenUnread prepares for questions. Where the kernel or a filter of system calls does not allow them it is an error.
func OpenUnread() (*Unread, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	return &Unread{fd: fd}, nil
}

// Close ends the questions. What is asked afterwards, and a second Close, is an error.
func (u *Unread) Close() error {
	fd := u.fd
	u.fd = -1 // the number will be somebody else's
	return os.NewSyscallError("close", unix.Close(fd))
}

// The question and its answer, linux/inet_diag.h and linux/netlink.h.
const (
	sockDiagByFamily = 20
	diagHeader       = unix.NLMSG_HDRLEN
	diagRequest      = diagHeader + 8 + diagID
	diagID           = 48 // both addresses, an interface, a cookie
	diagRest         = 20 // expires, rqueue, wqueue, uid, inode
)

// States of a TCP socket whose process may still send, include/net/tcp_states.h.
const (
	stateEstablished = 1
	stateSynSent     = 2
	stateSynRecv     = 3
	stateCloseWait   = 8
)

// Ended says whether the process that has the TCP socket which is bound to own and connected to peer has ended its side of the
// connection: what it sent before may still be on its way. ErrGone: there is no such socket on this host and network namespace, or not
// any more.
func (u *Unread) Ended(own, peer netip.AddrPort) (bool, error) {
	d, err := u.ask(own, peer)
	if err != nil {
		return false, err
	}
	switch d[1] {
	case stateEstablished, stateSynSent, stateSynRecv, stateCloseWait:
		return false, nil
	}
	return true, nil
}

// TCP returns how many bytes wait in the TCP socket that is bound to own and connected to peer, both of this host and this network
// namespace. It does not wait. ErrGone: there is no such socket.
func (u *Unread) TCP(own, peer netip.AddrPort) (int, error) {
	d, err := u.ask(own, peer)
	if err != nil {
		return 0, err
	}
	return int(binary.NativeEndian.Uint32(d[4+diagID+4:])), nil
}

// ask returns the answer of the kernel, a struct inet_diag_msg.
func (u *Unread) ask(own, peer netip.AddrPort) ([]byte, error) {
	u.serial++
	question := u.question(own, peer)
	if _, err := unix.Write(u.fd, question); err != nil { // to the kernel, as all that has no other address
		return nil, os.NewSyscallError("write", err)
	}
	for {
		n, err := unix.Read(u.fd, u.reply[:]) // the kernel has answered when write returns
		if err != nil {
			return nil, os.NewSyscallError("read", err)
		}
		if p := u.reply[:n]; n >= diagHeader && binary.NativeEndian.Uint32(p[8:]) == u.serial {
			return readDiag(p)
		}
	}
}

func (u *Unread) question(own, peer netip.AddrPort) []byte {
	q := make([]byte, 0, diagRequest)
	q = binary.NativeEndian.AppendUint32(q, diagRequest)
	q = binary.NativeEndian.AppendUint16(q, sockDiagByFamily)
	q = binary.NativeEndian.AppendUint16(q, unix.NLM_F_REQUEST)
	q = binary.NativeEndian.AppendUint32(q, u.serial)
	q = binary.NativeEndian.AppendUint32(q, 0)
	family := byte(unix.AF_INET6)
	if own.Addr().Unmap().Is4() {
		family = unix.AF_INET
	}
	q = append(q, family, unix.IPPROTO_TCP, 0, 0)
	q = binary.NativeEndian.AppendUint32(q, ^uint32(0)) // in any state
	q = binary.BigEndian.AppendUint16(q, own.Port())
	q = binary.BigEndian.AppendUint16(q, peer.Port())
	for _, a := range [...]netip.Addr{own.Addr(), peer.Addr()} {
		ip := a.Unmap().AsSlice()
		q = append(q, append(ip, make([]byte, 16-len(ip))...)...)
	}
	q = binary.NativeEndian.AppendUint32(q, 0)             // on any interface
	return binary.NativeEndian.AppendUint64(q, ^uint64(0)) // whatever its cookie
}

func readDiag(p []byte) ([]byte, error) {
	switch kind := binary.NativeEndian.Uint16(p[4:]); {
	case kind == unix.NLMSG_ERROR && len(p) >= diagHeader+4:
		no := unix.Errno(-int32(binary.NativeEndian.Uint32(p[diagHeader:])))
		if no == unix.ENOENT {
			return nil, ErrGone
		}
		return nil, os.NewSyscallError("sock_diag", no)
	case kind != sockDiagByFamily || len(p) < diagHeader+4+diagID+diagRest:
		return nil, fmt.Errorf("sock_diag: answer of kind %d with %d bytes", kind, len(p))
	}
	return p[diagHeader:], nil
}
