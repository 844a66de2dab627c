// Command build writes the manual pages as roff, gzipped as distributions want them: build DIR makes DIR/man1/ed-signal.1.gz and so
// on. With --plain the files are not compressed.
package main

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/cpuguy83/go-md2man/v2/md2man"

	"github.com/ed-toolbox/ed/man"
)

func main() {
	args := os.Args[1:]
	plain := len(args) > 0 && args[0] == "--plain"
	if plain {
		args = args[1:]
	}
	if len(args) != 1 || strings.HasPrefix(args[0], "-") {
		fmt.Fprintln(os.Stderr, "usage: build [--plain] DIR")
		os.Exit(64)
	}
	if err := build(args[0], plain); err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
		os.Exit(73)
	}
}

func build(dir string, plain bool) error {
	for _, name := range man.Names() {
		text, err := man.Page(name)
		if err != nil {
			return err
		}
		section := strings.TrimPrefix(filepath.Ext(name), ".")
		folder := filepath.Join(dir, "man"+section)
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
		if err := write(filepath.Join(folder, name), roff(text), plain); err != nil {
			return err
		}
	}
	return nil
}

// How bold and slanted pieces are marked on the way through md2man, which takes the marks of *NAME***.***PID* for others.
var (
	begins = [...]string{man.Plain: "", man.Bold: "\ue000", man.Slanted: "\ue001"}
	fonts  = strings.NewReplacer("\ue000", `\fB`, "\ue001", `\fI`, "\ue002", `\fP`)
	meant  = strings.NewReplacer("*", `\*`, "_", `\_`, `\`, `\\`)
)

// roff is a page as man takes it.
func roff(page string) []byte {
	var b strings.Builder
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "    ") || strings.HasPrefix(line, "% ") {
			b.WriteString(line)
			continue
		}
		man.Spans(line, func(text string, style man.Style) {
			b.WriteString(begins[style])
			b.WriteString(meant.Replace(text))
			if style != man.Plain {
				b.WriteString("\ue002")
			}
		})
	}
	return []byte(fonts.Replace(string(md2man.Render([]byte(b.String())))))
}

// write compresses without name and time, so that the same pages give the same bytes.
func write(path string, roff []byte, plain bool) error {
	if plain {
		return os.WriteFile(path, roff, 0o644)
	}
	f, err := os.Create(path + ".gz")
	if err != nil {
		return err
	}
	if err := compress(f, roff); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

func compress(w io.Writer, p []byte) error {
	z, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := z.Write(p); err != nil {
		return err
	}
	return z.Close()
}
