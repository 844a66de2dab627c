package tail

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/tools/toolkit"
)

// smallDisk takes so many bytes and then says that it is full.
type smallDisk struct {
	bytes.Buffer
	room int
}

func (d *smallDisk) Write(p []byte) (int, error) {
	n := min(len(p), d.room-d.Len())
	d.Buffer.Write(p[:n])
	if n < len(p) {
		return n, &os.PathError{Op: "write", Path: "r", Err: syscall.ENOSPC}
	}
	return n, nil
}
func (d *smallDisk) Truncate(size int64) error { d.Buffer.Truncate(int(size)); return nil }
func (d *smallDisk) Sync() error               { return nil }
func (d *smallDisk) Close() error              { return nil }

func TestRecordingOnAFullDiskHoldsWholeLines(t *testing.T) {
	for _, every := range []int{1, 3, 1000} {
		for _, room := range []int{0, 1, 100, 999, 1000, 1001, 5000} {
			t.Run(fmt.Sprintf("flush every %d, %d bytes", every, room), func(t *testing.T) {
				disk := &smallDisk{room: room}
				r := &recorder{path: "r", file: disk, regular: true}
				e := entryOf(t, "LOCKED object_name=users")
				var errs []error
				for i := range 60 {
					errs = append(errs, r.add(e))
					if i%every == 0 {
						errs = append(errs, r.flush())
					}
				}
				errs = append(errs, r.close())
				err := errors.Join(errs...)
				require.Error(t, err)
				require.Equal(t, toolkit.IO, toolkit.KindOf(r.err))
				line := len(appendRecord(nil, e))
				require.Equal(t, room/line*line, disk.Len(), "whole lines, and all there is room for")
				want := fmt.Sprintf("record to r: no space left on device (%d whole lines are in it)", room/line)
				require.Equal(t, want, err.Error(), "once")
			})
		}
	}
}

func TestOpenRecorder(t *testing.T) {
	for name, c := range map[string]struct {
		before string
		o      recordOptions
		after  string // "" for an error
		err    string
	}{
		"new":             {"-", recordOptions{}, "NEW", ""},
		"empty":           {"", recordOptions{}, "NEW", ""},
		"exists":          {"old\n", recordOptions{}, "", "the file exists"},
		"force":           {"old\n", recordOptions{force: true}, "NEW", ""},
		"append":          {"old\n", recordOptions{append: true}, "old\nNEW", ""},
		"append to half":  {"old\n{\"v", recordOptions{append: true}, "old\n{\"v\nNEW", ""},
		"append to none":  {"-", recordOptions{append: true}, "NEW", ""},
		"no such folder":  {"-", recordOptions{path: "no/such"}, "", "no such file"},
		"a folder itself": {"-", recordOptions{path: "."}, "", "is a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "r.jsonl")
			if c.before != "-" {
				require.NoError(t, os.WriteFile(path, []byte(c.before), 0o600))
			}
			c.o.path = filepath.Join(dir, map[bool]string{true: "r.jsonl", false: c.o.path}[c.o.path == ""])
			r, err := openRecorder(t.Context(), c.o, 0)
			if c.err != "" {
				require.ErrorContains(t, err, c.err)
				require.Equal(t, toolkit.CantCreate, toolkit.KindOf(err))
				return
			}
			require.NoError(t, err)
			e := entryOf(t, "STOP")
			require.NoError(t, r.add(e))
			require.NoError(t, r.close())
			got, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, strings.Replace(c.after, "NEW", string(appendRecord(nil, e)), 1), string(got))
		})
	}
}

// TestRecordToStandardOutput: no file is named "-" by mistake.
func TestRecordToStandardOutput(t *testing.T) {
	t.Chdir(t.TempDir())
	_, err := openRecorder(t.Context(), recordOptions{path: "-"}, 0)
	require.ErrorContains(t, err, "- is standard output")
	require.Equal(t, toolkit.Usage, toolkit.KindOf(err))
	require.NoFileExists(t, "-")
}

func TestRecordToAFullDevice(t *testing.T) {
	r, err := openRecorder(t.Context(), recordOptions{path: "/dev/full"}, 0)
	require.NoError(t, err)
	require.NoError(t, r.add(entryOf(t, "STOP")))
	err = r.close()
	require.ErrorContains(t, err, "record to /dev/full: no space left on device (0 whole lines are in it)")
	require.Equal(t, toolkit.IO, toolkit.KindOf(err))
}

func TestSinkWritesWholeLines(t *testing.T) {
	var writes []string
	s := sink{w: writerFunc(func(p []byte) (int, error) { writes = append(writes, string(p)); return len(p), nil })}
	line := strings.Repeat("x", 1000) + "\n"
	for range 100 {
		require.NoError(t, s.keep(append(s.grow(), line...)))
	}
	require.NoError(t, s.flush())
	require.NoError(t, s.flush())
	require.Equal(t, strings.Repeat(line, 100), strings.Join(writes, ""))
	require.Len(t, writes, 2)
	for _, w := range writes {
		require.True(t, strings.HasSuffix(w, "\n"))
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
