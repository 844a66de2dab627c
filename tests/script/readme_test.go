package script_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// The tour of README.md is run as it stands there, as one shell session; what it is said to print must be printed, except
// for numbers and the host's name.
func TestReadmeTour(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, tour, found := strings.Cut(string(readme), "\n## A tour")
	if !found {
		t.Fatal("README.md has no tour")
	}
	tour, _, _ = strings.Cut(tour, "\n## ")
	script := blocks(tour, "sh")
	if strings.Count(script, "\n") < 20 {
		t.Fatalf("the tour has only %q", script)
	}

	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // it builds programs
	defer cancel()
	shell := append(apart(), "bash", "-e", "-c", "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n"+script)
	cmd := exec.CommandContext(ctx, shell[0], shell[1:]...)
	cmd.Dir = filepath.Join("..", "..")
	cmd.Env = append(os.Environ(), "TMPDIR="+t.TempDir(), "ED_CONTROL_DIR="+t.TempDir(), "HOME="+t.TempDir(), "GOFLAGS=-buildvcs=false", "NO_COLOR=1",
		"GOCACHE="+goEnv(t, "GOCACHE"), "GOMODCACHE="+goEnv(t, "GOMODCACHE"))
	cmd.WaitDelay = 10 * time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		t.Fatalf("the tour failed: %v\n%s", err, out.String())
	}
	for want := range strings.SplitSeq(strings.TrimSpace(blocks(tour, "text")), "\n") {
		if !strings.Contains(anywhere(out.String()), anywhere(want)) {
			t.Errorf("README.md says that the tour prints\n%s\nIt printed\n%s", want, out.String())
		}
	}
}

// TestProtocolByHand runs what docs/PROTOCOL.md types in bash: a service of a router, and those who talk to it.
func TestProtocolByHand(t *testing.T) {
	protocol, err := os.ReadFile("../../docs/PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(protocol), "\n## 7. By hand")
	service, others, found := strings.Cut(section, "\nIt ends when")
	if !found {
		t.Fatal("docs/PROTOCOL.md has no section 7, or another one")
	}
	script := `
ed router --server-name n1 --unix-listen none --unix-datagram none --local-listen $TCP --signal $UDP --data-path none --control none 2> router.log &
until grep -q "router is ready" router.log; do sleep 0.05; done
{ ` + blocks(service, "sh") + `} &
alpha=$!
until ed services --router tcp://$TCP alpha > services.txt; do sleep 0.05; done
` + blocks(others, "sh") + `
wait $alpha
ed signal --router tcp://$TCP communicatord/STOP
wait
`
	tcp, err := freePort("tcp")
	if err != nil {
		t.Fatal(err)
	}
	udp, err := freePort("udp")
	if err != nil {
		t.Fatal(err)
	}
	script = strings.NewReplacer("$TCP", "127.0.0.1:"+tcp, "$UDP", "127.0.0.1:"+udp, "/4040", "/"+tcp, ":4040", ":"+tcp, "/4041", "/"+udp).Replace(script)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-e", "-c", script)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "PATH="+filepath.Join(os.Getenv("ED_SCRIPT_PROGRAMS"), "bin")+":"+os.Getenv("PATH"), "HOME="+t.TempDir(), "ED_CONTROL_DIR="+t.TempDir(), "NO_COLOR=1")
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for want := range strings.Lines(blocks(others, "text")) {
		if !strings.Contains(anywhere(string(out)), anywhere(want)) {
			t.Errorf("docs/PROTOCOL.md says that this prints\n%sIt printed\n%s", want, out)
		}
	}
}

// TestPackagingInstalls runs what packaging/README.md says; what the units and logrotate call is then there.
func TestPackagingInstalls(t *testing.T) {
	readme, err := os.ReadFile("../../packaging/README.md")
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "bash", "-e", "-c", blocks(string(readme), "sh"))
	cmd.Dir = filepath.Join("..", "..")
	cmd.Env = append(os.Environ(), "DESTDIR="+root)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	called := 0
	for _, name := range []string{"usr/lib/systemd/system/ed-router.service", "etc/logrotate.d/ed-router"} {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range regexp.MustCompile(`/usr/bin/[\w-]+`).FindAllString(string(text), -1) {
			called++
			if out, err := exec.Command(filepath.Join(root, path), "--version").CombinedOutput(); err != nil {
				t.Errorf("%s calls %s: %v\n%s", name, path, err, out)
			}
		}
	}
	if called < 2 {
		t.Errorf("%d programs are called", called)
	}
	for _, name := range []string{"usr/share/man/man1/ed-router.1.gz", "usr/lib/sysusers.d/ed.conf", "usr/lib/tmpfiles.d/ed.conf", "etc/ed/router.conf"} {
		if _, err := os.Stat(filepath.Join(root, name)); err != nil {
			t.Error(err)
		}
	}
	completes(t, root)
}

// completes tells where a shell that is installed does not complete a link: bash and fish find a script by the name of its command.
func completes(t *testing.T, root string) {
	t.Helper()
	for _, shell := range []struct{ name, needs, script, want string }{
		{"bash", "/usr/share/bash-completion/bash_completion", ". /usr/share/bash-completion/bash_completion; __load_completion ed-stop; complete -p ed-stop", "-F _ed "},
		{"fish", "/", "complete -C 'ed-stop --dry'", "--dry-run"},
	} {
		_, err := exec.LookPath(shell.name)
		if _, missing := os.Stat(shell.needs); err != nil || missing != nil {
			continue
		}
		cmd := exec.Command(shell.name, "-c", shell.script)
		cmd.Env = append(os.Environ(), "PATH="+filepath.Join(root, "usr/bin")+":"+os.Getenv("PATH"), "XDG_DATA_DIRS="+filepath.Join(root, "usr/share"), "HOME="+t.TempDir())
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), shell.want) {
			t.Errorf("%s does not complete ed-stop: %v\n%s", shell.name, err, out)
		}
	}
}

// apart is a command that runs another where it sees no process but its own, if the system lets us: the tour stops services by their
// names, and somebody may run others of the same names on this machine.
func apart() []string {
	unshare := []string{"unshare", "--map-root-user", "--pid", "--fork", "--kill-child", "--mount-proc"}
	if exec.Command(unshare[0], append(unshare[1:len(unshare):len(unshare)], "true")...).Run() != nil {
		return nil
	}
	return unshare
}

// blocks returns the text of all fenced blocks of a language.
func blocks(markdown, language string) string {
	var b strings.Builder
	for _, m := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(markdown, -1) {
		b.WriteString(m[1])
	}
	return b.String()
}

// anywhere takes out of s what differs from run to run and from host to host.
func anywhere(s string) string {
	s = regexp.MustCompile(`\w+:ed_`).ReplaceAllString(s, "host:ed_")
	s = regexp.MustCompile(`(ed_signal)_\d+_[0-9a-f]+`).ReplaceAllString(s, "${1}_0_0")
	s = regexp.MustCompile(`\b[0-9.]+(ns|µs|ms|s)\b`).ReplaceAllString(s, "0s")
	return regexp.MustCompile(`\d+`).ReplaceAllString(s, "0")
}

func goEnv(t *testing.T, name string) string {
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}
