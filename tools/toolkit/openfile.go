package toolkit

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/ed-toolbox/ed/core/config"
)

// OpenFile is os.OpenFile that does not outlast ctx, with whose cause it then fails: opening a FIFO waits until somebody opens its
// other end. The goroutine that waits goes on; what it opens too late, it closes. Another failure is of kind CantCreate if the file was to
// be written, else NoInput.
func OpenFile(ctx context.Context, path string, flags int, perm fs.FileMode) (*os.File, error) {
	type opened struct {
		file *os.File
		err  error
	}
	done := make(chan opened)
	go func() {
		f, err := os.OpenFile(path, flags, perm)
		select {
		case done <- opened{f, err}:
		case <-ctx.Done():
			if f != nil {
				_ = f.Close()
			}
		}
	}()
	select {
	case o := <-done:
		kind := NoInput
		if flags&(os.O_WRONLY|os.O_RDWR) != 0 {
			kind = CantCreate
		}
		return o.file, As(kind, o.err)
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// ReadFile reads a file of at most most bytes, and does not outlast ctx as OpenFile does. One that is longer is of kind Data.
func ReadFile(ctx context.Context, path string, most int) ([]byte, error) {
	f, err := OpenFile(ctx, path, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	defer context.AfterFunc(ctx, func() { _ = f.SetReadDeadline(time.Unix(1, 0)) })() // a file on a disk has none, and does not wait
	data, err := io.ReadAll(io.LimitReader(f, int64(most)+1))
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, As(NoInput, err)
	case len(data) > most:
		return nil, Errorf(Data, "read %s: it has more than %d MiB", path, most>>20)
	}
	return data, nil
}

// WriteFile is config.ReplaceFile that writes in place what cannot be replaced. There it does not outlast ctx, with whose cause it then
// fails: a FIFO may have nobody who reads. Another failure is of kind CantCreate.
func WriteFile(ctx context.Context, path string, data []byte, perm fs.FileMode) error {
	err := config.ReplaceFile(path, data, perm)
	if !errors.Is(err, errors.ErrUnsupported) {
		return As(CantCreate, err)
	}
	f, err := OpenFile(ctx, path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, perm)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = f.SetWriteDeadline(time.Unix(1, 0)) })() // a file on a disk has none, and does not wait
	_, err = f.Write(data)
	if err = cmp.Or(err, f.Close()); err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return As(CantCreate, err)
}

// ReadSecret returns the first line of a file, without its end: of at most 1 MiB, and without waiting for more than 2 s where it comes by
// a pipe. A file without one is an error of kind Config.
func ReadSecret(path string) (string, error) {
	data, err := config.ReadFile(path)
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(string(data), "\n")
	if line = strings.TrimSuffix(line, "\r"); line == "" {
		return "", Errorf(Config, "%s is empty", path)
	}
	return line, nil
}
