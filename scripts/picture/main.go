// Picture draws docs/top.svg anew: it runs a router, examples/echo and the services of ed demo, gives them work, and keeps
// what `ed top` shows of them on a terminal.
//
//	go run ./scripts/picture [FILE]
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/creack/pty"
	"github.com/hinshun/vt10x"
)

// The size of the terminal, and how long it runs: the charts have to fill.
const (
	columns = 112
	lines   = 11
	span    = 18 * time.Second
)

func main() {
	path := filepath.Join("docs", "top.svg")
	if len(os.Args) > 1 {
		path = os.Args[1]
	}
	if err := draw(path); err != nil {
		log.Fatal(err)
	}
}

// draw makes the picture.
func draw(path string) error {
	folder, err := os.MkdirTemp("", "picture")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	defer os.RemoveAll(folder)
	w := world{folder: folder}
	defer w.end()
	for name, source := range map[string]string{"ed": "./cmd/ed", "echo": "./examples/echo"} {
		if err := exec.Command("go", "build", "-o", w.at(name), source).Run(); err != nil {
			return fmt.Errorf("build %s, in the folder of the module: %w", source, err)
		}
	}
	var cancel context.CancelFunc
	w.ctx, cancel = context.WithTimeout(context.Background(), span)
	defer cancel()
	if err := w.work(); err != nil {
		return err
	}
	screen, err := w.watch("top", "--interval", "500ms")
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, svg(screen, "ed top"), 0o644); err != nil {
		return fmt.Errorf("write the picture: %w", err)
	}
	return nil
}

// world is what runs while the picture is made.
type world struct {
	ctx     context.Context
	folder  string
	running []*exec.Cmd
}

func (w *world) at(name string) string { return filepath.Join(w.folder, name) }

// command is one that looks for control sockets in our folder only, and ends with us.
func (w *world) command(name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(w.ctx, w.at(name), args...)
	cmd.Env = append(os.Environ(), "ED_CONTROL_DIR="+w.folder, "TERM=xterm-256color", "LC_ALL=C.UTF-8", "NO_COLOR=", "HOME="+w.folder)
	return cmd
}

// work starts services and those who talk to them, each at its own pace.
func (w *world) work() error {
	services := [][]string{
		{"ed", "router", "--server-name", "harbor", "--unix-listen", w.at("router"), "--local-listen", "none", "--signal", "none"},
		{"echo", "unix:" + w.at("e")},
		{"ed", "demo", "--keep", "-q"},
	}
	for _, s := range services {
		if err := w.start(w.command(s[0], s[1:]...)); err != nil {
			return err
		}
	}
	for i, pace := range []time.Duration{200 * time.Microsecond, time.Millisecond, 30 * time.Millisecond} {
		cmd := w.command("ed", "send", "-q", "unix:"+w.at("e"), "-")
		in, err := cmd.StdinPipe()
		if err != nil {
			return fmt.Errorf("make a pipe: %w", err)
		}
		if err := w.start(cmd); err != nil {
			return err
		}
		go talk(w.ctx, in, i, pace)
	}
	return nil
}

func (w *world) start(cmd *exec.Cmd) error {
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	w.running = append(w.running, cmd)
	return nil
}

func (w *world) end() {
	for _, cmd := range w.running {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
}

// talk writes messages, for some seconds many, then few.
func talk(ctx context.Context, out io.WriteCloser, who int, pace time.Duration) {
	defer out.Close()
	for n := 0; ctx.Err() == nil; n++ {
		if _, err := fmt.Fprintf(out, "LOCK object_name=users/%d;serial=%d\n", who, n); err != nil {
			return
		}
		time.Sleep(pace * time.Duration(1+(time.Now().Unix()*7+int64(who))%5))
	}
}

// watch runs ed on a terminal until the time is over, and returns what it showed before it was ended.
func (w *world) watch(args ...string) (vt10x.View, error) {
	cmd := w.command("ed", args...)
	terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Cols: columns, Rows: lines})
	if err != nil {
		return nil, fmt.Errorf("start ed on a terminal: %w", err)
	}
	defer terminal.Close()
	screen := vt10x.New(vt10x.WithSize(columns, lines))
	drawn := make(chan struct{})
	go func() {
		defer close(drawn)
		buf := make([]byte, 64<<10)
		for w.ctx.Err() == nil {
			n, err := terminal.Read(buf)
			if err != nil {
				return
			}
			_, _ = screen.Write(buf[:n]) // a screen in memory takes everything
		}
	}()
	select {
	case <-drawn:
		err = fmt.Errorf("ed ended before its time:\n%s", screen)
	case <-time.After(span - 2*time.Second):
	}
	screen.Lock() // what ed draws from here on is not ours
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	return screen, err
}
