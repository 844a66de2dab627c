package toolkit

import (
	"context"
	"io/fs"
	"os"
)

// OpenFile is os.OpenFile that does not outlast ctx, with whose cause it then fails: opening a FIFO waits until somebody opens its
// other end. The goroutine that waits goes on; what it opens too late, it closes.
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
		return o.file, o.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
