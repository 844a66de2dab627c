package router

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"net/netip"
	"path/filepath"
	"strings"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/config"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/core/watch"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// The files in data_path, which are those of communicatord.
const (
	neighborsFile = "neighbors.txt"
	clusterFile   = "cluster-status.txt"
	loadFile      = "loadavg.lavg"
)

const (
	maxLoads  = 1024
	loadPause = 5 * time.Second // between two writes of the loads: kernels take them so often, and each write waits for the disk
)

// store keeps what is worth keeping over a restart. Files are written by tasks, the newest contents of each, never two at a
// time, and replaced as a whole. It belongs to the loop.
type store struct {
	loop    *reactor.Loop
	log     *slog.Logger
	dir     string            // "": nothing is kept
	waiting map[string][]byte // contents to be written
	busy    bool
	failed  map[string]bool // complaints since files could be saved
	loads   map[netip.Addr]loadRecord
	loading reactor.Timer
}

type loadRecord struct {
	load float64
	at   message.Timespec
	port uint16
}

func newStore(l *reactor.Loop, log *slog.Logger, dir string) *store {
	return &store{loop: l, log: log, dir: dir, waiting: map[string][]byte{}, loads: map[netip.Addr]loadRecord{}}
}

// put has a file written, unless nothing is kept.
func (s *store) put(name string, data []byte) {
	if s.dir == "" {
		return
	}
	s.waiting[name] = data
	s.next()
}

// next begins to write what waits.
func (s *store) next() {
	if s.busy || len(s.waiting) == 0 {
		return
	}
	files := s.waiting
	s.waiting = map[string][]byte{}
	_, err := watch.Background(s.loop, func(ctx context.Context) (struct{}, error) {
		var errs []error
		for name, data := range files {
			errs = append(errs, toolkit.WriteFile(ctx, filepath.Join(s.dir, name), data, 0o644))
		}
		return struct{}{}, errors.Join(errs...)
	}, func(_ struct{}, err error) {
		if s.busy = false; err != nil {
			s.complain(err)
		} else {
			s.failed = nil
		}
		s.next()
	})
	if s.busy = err == nil; err != nil {
		s.complain(err)
	}
}

// complain logs a failure, each kind once until files can be saved again.
func (s *store) complain(err error) {
	if text := err.Error(); !s.failed[text] {
		if s.failed == nil {
			s.failed = map[string]bool{}
		}
		s.failed[text] = true
		s.log.Warn("file was not saved", "error", text)
	}
}

func (s *store) neighbors(list []address.Address) {
	var b bytes.Buffer
	for _, a := range list {
		b.WriteString(neighborText(a) + "\n")
	}
	s.put(neighborsFile, b.Bytes())
}

// neighborText is an address as communicatord writes it, with the scheme only where it is not in the clear.
func neighborText(a address.Address) string {
	if a.Scheme == address.TLS {
		return "cds://" + a.HostPort()
	}
	return a.HostPort()
}

func (s *store) cluster(up, complete bool) {
	lines := [2]string{"CLUSTER_DOWN", "CLUSTER_INCOMPLETE"}
	if up {
		lines[0] = "CLUSTER_UP"
	}
	if complete {
		lines[1] = "CLUSTER_COMPLETE"
	}
	s.put(clusterFile, []byte(lines[0]+"\n"+lines[1]+"\n"))
}

// load notes the load of another host; the file is written a moment later, with those of the others.
func (s *store) load(of address.Address, load float64, at message.Timespec) {
	if _, known := s.loads[of.IP]; s.dir == "" || !known && len(s.loads) >= maxLoads {
		return
	}
	s.loads[of.IP] = loadRecord{load, at, of.Port}
	if !s.loading.Active() {
		s.loading = s.loop.After(loadPause, "save loads", func() { s.put(loadFile, s.loadBytes()) })
	}
}

// loadBytes is the binary file that programs of communicatord read: a header, then records of 48 bytes in the order of bytes of
// this machine: the time, a sockaddr_in6 with port 4040, and the load as a 32-bit number.
func (s *store) loadBytes() []byte {
	b := binary.NativeEndian.AppendUint16([]byte("LAVG"), 1)
	for ip, r := range s.loads {
		b = binary.NativeEndian.AppendUint64(b, uint64(r.at.Sec))
		b = binary.NativeEndian.AppendUint64(b, uint64(r.at.Nsec))
		b = binary.NativeEndian.AppendUint16(b, 10) // AF_INET6
		b = binary.BigEndian.AppendUint16(b, localPort)
		b = append(b, 0, 0, 0, 0)
		as16 := ip.As16()
		b = append(b, as16[:]...)
		b = append(b, 0, 0, 0, 0)
		b = binary.NativeEndian.AppendUint32(b, math.Float32bits(float32(r.load)))
	}
	return b
}

// readNeighborsFile reads the routers that were known at the last end. What is not an address is passed over.
func readNeighborsFile(dir string) (list []address.Address, err error) {
	data, err := config.ReadFile(filepath.Join(dir, neighborsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	bad := 0
	for line := range strings.Lines(string(data)) {
		if at := strings.IndexByte(line, '#'); at >= 0 {
			line = line[:at]
		}
		for _, word := range words(strings.TrimSpace(line)) {
			d := address.Defaults{Scheme: address.TCP, Port: remotePort, NoLookup: true}
			if strings.HasPrefix(word, "cds:") {
				d = address.Defaults{Scheme: address.TLS, Port: securePort, NoLookup: true}
			}
			a, err := address.Parse(word, d)
			if err != nil || a.Scheme != d.Scheme {
				bad++
				continue
			}
			list = append(list, a)
		}
	}
	if bad > 0 {
		err = fmt.Errorf("%s: %d words in it are no addresses", filepath.Join(dir, neighborsFile), bad)
	}
	return list, err
}
