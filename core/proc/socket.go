package proc

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/procfs"
)

// tcpListen is the state of a listening socket in /proc/net/tcp.
const tcpListen = 0x0a

// TCPListener returns the process that listens at an address; a socket bound to all addresses counts, too. It is ErrGone
// where nobody does, and ErrPermission where the caller may not know who it is.
func (s System) TCPListener(at netip.AddrPort) (Process, error) {
	return s.bound(at, true, procfs.FS.NetTCP, procfs.FS.NetTCP6)
}

// UDPSocket is TCPListener for a UDP socket that receives there.
func (s System) UDPSocket(at netip.AddrPort) (Process, error) {
	udp := func(f func(procfs.FS) (procfs.NetUDP, error)) func(procfs.FS) (procfs.NetTCP, error) {
		return func(root procfs.FS) (procfs.NetTCP, error) {
			list, err := f(root)
			return procfs.NetTCP(list), err
		}
	}
	return s.bound(at, false, udp(procfs.FS.NetUDP), udp(procfs.FS.NetUDP6))
}

// UnixListener is TCPListener for a Unix socket of any type that has the path or, with "@" before it, the abstract name.
func (s System) UnixListener(path string) (Process, error) {
	table, err := os.ReadFile(filepath.Join(s.root(), "net", "unix"))
	if err != nil {
		return Process{}, lookError(err)
	}
	return s.holder(unixInodes(string(table), path))
}

// unixInodes finds the sockets of a path that others can reach in the text of /proc/net/unix. A path may have spaces; a line that is
// no row is part of a path with a line feed, that of somebody else.
func unixInodes(table, path string) (inodes []uint64) {
	const (
		accepting = 1 << 16 // of the flags; connections share the listener's name
		datagrams = 2
	)
	for line := range strings.Lines(table) {
		row, found := strings.CutSuffix(strings.TrimSuffix(line, "\n"), " "+path)
		fields := strings.Fields(row) // Num RefCount Protocol Flags Type St Inode
		if !found || len(fields) != 7 {
			continue
		}
		flags, badFlags := strconv.ParseUint(fields[3], 16, 32)
		kind, badKind := strconv.ParseUint(fields[4], 16, 16)
		inode, badInode := strconv.ParseUint(fields[6], 10, 64)
		if badFlags == nil && badKind == nil && badInode == nil && (flags&accepting != 0 || kind == datagrams) {
			inodes = append(inodes, inode)
		}
	}
	return inodes
}

func (s System) bound(at netip.AddrPort, listening bool, tables ...func(procfs.FS) (procfs.NetTCP, error)) (Process, error) {
	root, err := procfs.NewFS(s.root())
	if err != nil {
		return Process{}, err
	}
	wanted := at.Addr().Unmap().WithZone("") // the tables have no zones
	var exact, all []uint64
	for _, table := range tables {
		rows, err := table(root)
		if err != nil {
			continue // no IPv6 here, say
		}
		for _, row := range rows {
			if row.LocalPort != uint64(at.Port()) || listening && row.St != tcpListen {
				continue
			}
			switch ip, _ := netip.AddrFromSlice(row.LocalAddr); {
			case ip.Unmap() == wanted:
				exact = append(exact, row.Inode)
			case ip.IsUnspecified():
				all = append(all, row.Inode)
			}
		}
	}
	if len(exact) > 0 { // it has what comes there, whoever else has all the other addresses
		return s.holder(exact)
	}
	return s.holder(all)
}

// holder finds the first process that has one of the sockets open.
func (s System) holder(inodes []uint64) (Process, error) {
	if len(inodes) == 0 {
		return Process{}, ErrGone
	}
	wanted := make([]string, len(inodes))
	for i, inode := range inodes {
		wanted[i] = "socket:[" + strconv.FormatUint(inode, 10) + "]"
	}
	all, err := s.All()
	if err != nil {
		return Process{}, err
	}
	for _, p := range all {
		dir := filepath.Join(s.root(), strconv.Itoa(p.PID), "fd")
		names, err := os.ReadDir(dir)
		if err != nil {
			continue // somebody else's
		}
		for _, name := range names {
			if target, err := os.Readlink(filepath.Join(dir, name.Name())); err == nil && slices.Contains(wanted, target) {
				return p, nil
			}
		}
	}
	return Process{}, ErrPermission
}
