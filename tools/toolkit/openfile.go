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
	kind := NoInput
	if flags&(os.O_WRONLY|os.O_RDWR) != 0 {
		kind = CantCreate
	}
	return await(ctx, func() (*os.File, error) {
		f, err := os.OpenFile(path, flags, perm)
		if err != nil {
			return nil, As(kind, err)
		}
		if info, err := f.Stat(); err == nil && info.IsDir() { // which can be opened to be read, and not read
			_ = f.Close()
			return nil, Errorf(kind, "open %s: is a directory", path)
		}
		return f, nil
	}, func(f *os.File) { _ = f.Close() })
}

// ReadFile reads a file of at most most bytes, and does not outlast ctx as OpenFile does. One that is longer is of kind Data.
func ReadFile(ctx context.Context, path string, most int) ([]byte, error) {
	f, err := OpenFile(ctx, path, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close() // which ends a read of a pipe
	return ReadAll(ctx, f, path, most)
}

// ReadAll is ReadFile of what is open; name is for errors. When ctx ends, the goroutine that reads goes on until something comes.
func ReadAll(ctx context.Context, r io.Reader, name string, most int) ([]byte, error) {
	return await(ctx, func() ([]byte, error) {
		data, err := io.ReadAll(io.LimitReader(r, int64(most)+1))
		if err == nil && len(data) > most {
			return nil, Errorf(Data, "read %s: it has more than %d MiB", name, most>>20)
		}
		return data, As(NoInput, err)
	}, func([]byte) {})
}

// await calls f on a goroutine of its own and returns what f does, or the cause of ctx when that ends first; late is then given what f
// returns after all.
func await[T any](ctx context.Context, f func() (T, error), late func(T)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	done := make(chan outcome)
	go func() {
		value, err := f()
		select {
		case done <- outcome{value, err}:
		case <-ctx.Done():
			late(value)
		}
	}()
	select {
	case o := <-done:
		return o.value, o.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
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
