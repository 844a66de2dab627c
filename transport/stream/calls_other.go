//go:build !amd64 || purego

package stream

import (
	"syscall"
	"unsafe"
)

func recvAll(calls []call, room []byte, enough int) int {
	used := 0
	for i := range calls {
		calls[i].do(recvFrom, &room[used], dontWait)
		if used += max(calls[i].got, 0); used >= enough {
			return i + 1
		}
	}
	return len(calls)
}

func sendAll(calls []call) {
	for i := range calls {
		calls[i].do(sendTo, calls[i].p, dontWait|noSignal)
	}
}

func (c *call) do(number uintptr, p *byte, flags uintptr) {
	n, _, errno := syscall.RawSyscall6(number, uintptr(c.fd), uintptr(unsafe.Pointer(p)), uintptr(c.size), flags, 0, 0)
	if c.got = int(n); errno != 0 {
		c.got = -int(errno)
	}
}
