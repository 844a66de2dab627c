package tail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/ed-toolbox/ed/tools/toolkit"
)

// recording is what --record writes to; *os.File satisfies it.
type recording interface {
	io.WriteCloser
	Truncate(size int64) error
	Sync() error
}

// recorder writes entries as JSON lines. What is in the file are whole lines at any time that nobody is writing, also
// after a disk that was full.
type recorder struct {
	path    string
	file    recording
	regular bool  // a file, not a pipe or a device
	size    int64 // bytes of whole lines in the file
	buf     []byte
	lines   uint64
	err     error // the first failure: nothing is written after it
}

// recordOptions say how a recording is opened.
type recordOptions struct {
	path   string
	append bool
	force  bool
}

// openRecorder opens the file, a FIFO when somebody reads it: until ctx ends, and no longer than patience where there is one. A file that
// holds something is not touched unless the options say what to do with it.
func openRecorder(ctx context.Context, o recordOptions, patience time.Duration) (*recorder, error) {
	if o.path == "-" { // standard output shows the messages already
		err := toolkit.Errorf(toolkit.Usage, "record to -: a recording goes to a file, and - is standard output")
		return nil, toolkit.WithHint(err, "--json shows the messages there in the form of a recording")
	}
	info, err := os.Stat(o.path)
	flags := os.O_WRONLY | os.O_CREATE
	var size int64
	switch {
	case errors.Is(err, fs.ErrNotExist):
		flags |= os.O_EXCL
	case err != nil:
		return nil, toolkit.As(toolkit.CantCreate, err)
	case !info.Mode().IsRegular(): // a device or a pipe: nothing to lose
		flags = os.O_WRONLY
	case o.append:
		size = info.Size()
	case o.force:
		flags |= os.O_TRUNC
	case info.Size() > 0:
		err := toolkit.Errorf(toolkit.CantCreate, "record to %s: the file exists", o.path)
		return nil, toolkit.WithHint(err, "--append adds to it, --force replaces it")
	}
	if patience > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, patience, toolkit.Errorf(toolkit.CantCreate, "record to %s: nobody read it for %s", o.path, patience))
		defer cancel()
	}
	f, err := toolkit.OpenFile(ctx, o.path, flags, 0o666)
	if err != nil {
		return nil, err
	}
	r := &recorder{path: o.path, file: f, regular: info == nil || info.Mode().IsRegular(), size: size}
	if size > 0 {
		if err := r.seekEnd(f); err != nil {
			_ = f.Close()
			return nil, err
		}
	}
	return r, nil
}

// seekEnd goes to the end, and to a new line: whoever wrote the file may have been killed in the middle of one.
func (r *recorder) seekEnd(f *os.File) error {
	if _, err := f.Seek(0, io.SeekEnd); err != nil {
		return toolkit.As(toolkit.CantCreate, err)
	}
	readable, err := os.Open(r.path)
	if err != nil {
		return nil // it may be written only; then its last byte cannot be known
	}
	defer readable.Close()
	last := make([]byte, 1)
	if _, err := readable.ReadAt(last, r.size-1); err == nil && last[0] != '\n' {
		r.buf = append(r.buf, '\n')
	}
	return nil
}

// add records e. What it returns is the first failure, once.
func (r *recorder) add(e *entry) error {
	if r.err != nil {
		return nil
	}
	r.buf = appendRecord(r.buf, e)
	return r.added()
}

// addLine is add for an entry that was printed in the form of a recording already.
func (r *recorder) addLine(line []byte) error {
	if r.err != nil {
		return nil
	}
	r.buf = append(r.buf, line...)
	return r.added()
}

func (r *recorder) added() error {
	r.lines++
	if len(r.buf) >= sinkSize {
		return r.flush()
	}
	return nil
}

// flush writes what was gathered. After a failure, what remains in the file is whole lines.
func (r *recorder) flush() error {
	if r.err != nil || len(r.buf) == 0 {
		return nil
	}
	n, err := r.file.Write(r.buf)
	if err == nil {
		r.size += int64(n)
		r.buf = r.buf[:0]
		return nil
	}
	whole := bytes.LastIndexByte(r.buf[:n], '\n') + 1
	if n > whole {
		// A pipe cannot be cut; then the line stays as it is, and the error tells.
		_ = r.file.Truncate(r.size + int64(whole))
	}
	r.lines -= uint64(bytes.Count(r.buf[whole:], []byte{'\n'}))
	r.size += int64(whole)
	r.buf = nil
	return r.fail(err)
}

func (r *recorder) fail(err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		err = path.Err
	}
	r.err = toolkit.As(toolkit.IO, fmt.Errorf("record to %s: %w (%d whole lines are in it)", r.path, err, r.lines))
	return r.err
}

// close flushes and makes sure that the file system has it. It returns a failure that no call before it returned.
func (r *recorder) close() error {
	err := r.flush()
	failed := r.err != nil
	var syncErr error
	if r.regular {
		syncErr = r.file.Sync() // a pipe or a device has nothing to sync: fsync(2)
	}
	closeErr := r.file.Close()
	if failed {
		return err
	}
	if err := errors.Join(syncErr, closeErr); err != nil {
		return r.fail(err)
	}
	return nil
}
