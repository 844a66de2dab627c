//go:build !amd64

package stream

import (
	"syscall"
	"unsafe"
)

func recvAll(calls *call, n int, room *byte, enough int) int {
	used := 0
	for i := range n {
		c := (*call)(unsafe.Add(unsafe.Pointer(calls), i*int(unsafe.Sizeof(*calls))))
		c.do(recvFrom, unsafe.Add(unsafe.Pointer(room), used), dontWait)
		if used += max(c.got, 0); used >= enough {
			return i + 1
		}
	}
	return n
}

func sendAll(calls *call, n int) {
	for i := range n {
		c := (*call)(unsafe.Add(unsafe.Pointer(calls), i*int(unsafe.Sizeof(*calls))))
		c.do(sendTo, unsafe.Pointer(c.p), dontWait|noSignal)
	}
}

func (c *call) do(number uintptr, p unsafe.Pointer, flags uintptr) {
	n, _, errno := syscall.RawSyscall6(number, uintptr(c.fd), uintptr(p), uintptr(c.size), flags, 0, 0)
	if c.got = int(n); errno != 0 {
		c.got = -int(errno)
	}
}
