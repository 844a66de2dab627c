package ui

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/ed-toolbox/ed/transport/control"
)

// Save writes items to a new file, a line of JSON each, as ed watch --record does. A file that exists is not touched, and
// one that cannot be written in full is not left behind.
func Save(path string, items []control.Followed) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("save to %s: the file exists", path)
	}
	if err != nil {
		return fmt.Errorf("save to %s: %w", path, bare(err))
	}
	defer func() {
		if closing := f.Close(); err == nil {
			err = closing
		}
		if err != nil {
			_ = os.Remove(path) // what is left of it would be taken for the whole
			err = fmt.Errorf("save to %s: %w", path, bare(err))
		}
	}()
	var buf []byte
	for i := range items {
		buf = AppendItem(buf, &items[i])
		if len(buf) < saveSize && i < len(items)-1 {
			continue
		}
		if _, err = f.Write(buf); err != nil {
			return err
		}
		buf = buf[:0]
	}
	return f.Sync()
}

// saveSize is how much is gathered for one write.
const saveSize = 64 << 10

// bare is an error without the name of the file.
func bare(err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err
	}
	return err
}
