package proc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// Unit is what systemd knows of one of its units.
type Unit struct {
	Name         string // as systemd completes it: "cron.service"
	LoadState    string // "loaded", "masked" …
	ActiveState  string // "active", "inactive", "failed" …
	MainPID      int    // 0 where there is none
	ControlGroup string
	Restart      string        // "no", "always", "on-failure" …: whether it comes back
	StopTimeout  time.Duration // after which systemd kills; 0 is never
}

const unitLimit = 5 * time.Second

// Unit asks systemd about a unit by running systemctl. It is *UnitError for a unit that does not exist – systemctl itself does
// not call that an error – and ErrNoSystemd where there is no systemctl, or no systemd that would answer it.
// It blocks until the answer is there, ctx ends or UnitLimit is over.
func (s System) Unit(ctx context.Context, name string) (Unit, error) {
	if !validUnit(name) {
		return Unit{}, &UnitError{Name: name}
	}
	limit := s.UnitLimit
	if limit <= 0 {
		limit = unitLimit
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, silentError(limit))
	defer cancel()
	out, err := s.systemctl(ctx, name)
	if err != nil {
		return Unit{}, err
	}
	u, err := parseUnit(out)
	switch {
	case err != nil:
		return Unit{}, fmt.Errorf("ask systemd about %q: %w", name, err)
	case u.LoadState != "loaded" && u.LoadState != "masked" && u.MainPID == 0:
		return Unit{}, &UnitError{Name: name, LoadState: u.LoadState}
	}
	return u, nil
}

// silentError is the time that systemctl had. It is context.DeadlineExceeded to those who ask.
type silentError time.Duration

func (e silentError) Error() string {
	return "systemctl did not answer within " + time.Duration(e).String()
}

func (silentError) Is(target error) bool { return target == context.DeadlineExceeded }

// validUnit keeps out what cannot be a unit: the characters are those of systemd.unit(5).
func validUnit(name string) bool {
	if name == "" || len(name) > 255 || name[0] == '-' {
		return false
	}
	for i := range len(name) {
		c := name[i]
		alnum := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !alnum && !strings.ContainsRune(`:-_.\@`, rune(c)) {
			return false
		}
	}
	return true
}

// systemctl runs the command with an argument list: no shell reads the name.
func (s System) systemctl(ctx context.Context, name string) ([]byte, error) {
	command := s.Systemctl
	if command == "" {
		command = "systemctl"
	}
	args := []string{"show", "--property=Id,LoadState,ActiveState,MainPID,ControlGroup,Restart,TimeoutStopUSec", "--", name}
	if s.UserUnits {
		args = append([]string{"--user"}, args...)
	}
	cmd := exec.CommandContext(ctx, command, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "SYSTEMD_PAGER=", "SYSTEMD_COLORS=0")
	cmd.WaitDelay = time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	switch {
	case err == nil:
		return stdout.Bytes(), nil
	case ctx.Err() != nil:
		return nil, fmt.Errorf("ask systemd about %q: %w", name, context.Cause(ctx))
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, os.ErrNotExist):
		return nil, ErrNoSystemd
	}
	text := strings.TrimSpace(stderr.String())
	for _, sign := range []string{"not been booted with systemd", "Failed to connect to", "not supported in this", "Host is down"} {
		if strings.Contains(text, sign) {
			return nil, ErrNoSystemd
		}
	}
	if text == "" {
		text = "systemctl says nothing and ends with " + err.Error()
		if state := cmd.ProcessState; state != nil && !state.Exited() {
			text = "systemctl was killed"
		}
	}
	return nil, fmt.Errorf("ask systemd about %q: %s", name, text)
}

func parseUnit(out []byte) (Unit, error) {
	var u Unit
	for line := range strings.Lines(string(out)) {
		key, value, _ := strings.Cut(strings.TrimRight(line, "\n"), "=")
		switch key {
		case "Id":
			u.Name = value
		case "LoadState":
			u.LoadState = value
		case "ActiveState":
			u.ActiveState = value
		case "ControlGroup":
			u.ControlGroup = value
		case "Restart":
			u.Restart = value
		case "TimeoutStopUSec":
			u.StopTimeout = parseSpan(value)
		case "MainPID":
			pid, err := strconv.ParseUint(value, 10, 31)
			if err != nil {
				return u, fmt.Errorf("its MainPID is %q", value)
			}
			u.MainPID = int(pid)
		}
	}
	if u.LoadState == "" {
		return u, errors.New("it did not tell the LoadState")
	}
	return u, nil
}

// parseSpan reads a time span as systemd prints it, "1min 30s"; systemd.time(7). "infinity" and what it does not know are 0.
func parseSpan(text string) time.Duration {
	units := map[string]time.Duration{
		"us": time.Microsecond, "ms": time.Millisecond, "s": time.Second, "min": time.Minute, "h": time.Hour,
		"d": 24 * time.Hour, "w": 7 * 24 * time.Hour,
	}
	var sum time.Duration
	for word := range strings.FieldsSeq(text) {
		number := strings.TrimRight(word, "abcdefghijklmnopqrstuvwxyz")
		n, err := strconv.ParseFloat(number, 64)
		unit, ok := units[word[len(number):]]
		if err != nil || !ok {
			return 0
		}
		sum += time.Duration(n * float64(unit))
	}
	return sum
}
