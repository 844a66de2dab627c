package script_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestBenchCompare runs scripts/bench-compare on a repository with one benchmark, whose figures are known.
func TestBenchCompare(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o777))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666))
	}
	git := func(args ...string) {
		cmd := exec.Command("git", append([]string{"-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"}, args...)...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
	}
	compare := func(args ...string) (string, int) {
		script, err := filepath.Abs(filepath.Join("..", "..", "scripts", "bench-compare"))
		require.NoError(t, err)
		cmd := exec.Command(script, append([]string{"-C", dir, "-n", "1", "-t", "20x", "-f", filepath.Join(dir, "scenarios")}, args...)...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			require.ErrorAs(t, err, new(*exec.ExitError))
		}
		return string(out), cmd.ProcessState.ExitCode()
	}
	took := func(ns string) { // three figures a round, of which the middle one counts
		write("measure", "echo goos: linux\nfor d in -5 0 5; do echo \"BenchmarkSpin-2   5  $(("+ns+" + d)) ns/op  7 B/op\"; done\n")
	}
	took("200")
	write("scenarios", "# one\nwork/spin run sh measure\nwork/none go ./nowhere .\n\nother/spin run false\n")
	git("init", "-q")
	git("add", "-A")
	git("commit", "-qm", "quick")

	took("230")
	out, code := compare("-s", "work/*", "HEAD")
	require.Equal(t, 1, code, out)
	require.Regexp(t, `(?m)^work/spin Spin +200\.0 +230\.0 +0\.87  SLOWER, again 0\.87$`, out)
	require.Contains(t, out, "1 slower by more than 10%")
	require.Contains(t, out, "work/none measures nothing in the working tree\n")
	require.NotContains(t, out, "work/spin measures")

	out, code = compare("-s", "work/*", "-l", "14", "-s", "more/*", "HEAD")
	require.Equal(t, 0, code, out)
	out, code = compare("-s", "other/*", "HEAD")
	require.Equal(t, 1, code, out)
	require.Contains(t, out, "other/spin could not be measured on old")
	require.NotContains(t, out, "no change")
	require.NotContains(t, out, "measures nothing")
	for _, args := range [][]string{{"-f", "nosuch", "HEAD"}, {"-C", "nosuch", "HEAD"}} {
		out, code = compare(args...)
		require.Equal(t, 66, code, out)
		require.Contains(t, out, "bench-compare: "+args[0]+" nosuch: ")
	}

	// What was slower once, and is not when measured again, is no change: here the first three rounds of the working tree are.
	write("measure", "n=0; [ ! -e runs ] || n=$(cat runs); echo $((n + 1)) >runs; ns=200; [ $n -ge 3 ] || ns=300\necho \"BenchmarkSpin 5 $ns ns/op\"\n")
	out, code = compare("-n", "3", "-s", "work/*", "HEAD")
	require.Equal(t, 0, code, out)
	require.Regexp(t, `(?m)^work/spin Spin +200\.0 +300\.0 +0\.67  not when measured again: 1\.00$`, out)
	require.Contains(t, out, "no change: nothing is slower by more than 10%")

	// Nor is what differs by chance: twice as slow every other time, and before as now.
	write("measure", "n=0; [ ! -e runs ] || n=$(cat runs); echo $((n + 1)) >runs; ns=200; [ $((n % 2)) = 0 ] || ns=400\necho \"BenchmarkSpin 5 $ns ns/op\"\n")
	git("commit", "-qam", "noisy")
	write("runs", "1\n")
	out, code = compare("-n", "3", "-s", "work/*", "HEAD")
	require.Equal(t, 0, code, out)
	require.Regexp(t, `(?m)^work/spin Spin +200\.0 +400\.0 +0\.50  not when measured again: 1\.00$`, out)
	require.Contains(t, out, "no change")

	// What ten rounds leave open, forty may tell; if not, it is not called no change. Figures differ from round to round, and the working tree adds 40.
	for apart, told := range map[string]string{"40": `SLOWER, again 0\.87$`, "100": `not sure, again 0\.90: more rounds would tell$`} {
		_ = os.Remove(filepath.Join(dir, "runs"))
		write("measure", "n=0; [ ! -e runs ] || n=$(cat runs); echo $((n + 1)) >runs\nadd=40; [ ! -e .git/HEAD ] && add=0\necho \"BenchmarkSpin 5 $((200 + "+apart+" * (n % 4) + add)) ns/op\"\n")
		git("commit", "-qam", "noisy "+apart)
		out, code = compare("-n", "4", "-s", "work/*", "HEAD")
		require.Regexp(t, `(?m)^work/spin .*  `+told, out)
		require.NotContains(t, out, "no change")
		if apart == "40" {
			require.Equal(t, 1, code, out)
		} else {
			require.Equal(t, 0, code, out)
			require.Contains(t, out, "1 may be slower by more than 10%")
		}
	}

	// What fails at times is tried again; what always fails costs only its own figures.
	require.NoError(t, os.Remove(filepath.Join(dir, "runs")))
	write("measure", "n=0; [ ! -e runs ] || n=$(cat runs); echo $((n + 1)) >runs\necho \"BenchmarkSpin 5 200 ns/op\"\n[ $((n % 3)) = 2 ]\n")
	out, code = compare("HEAD")
	require.Equal(t, 1, code, out)
	require.Regexp(t, `(?m)^work/spin Spin +200\.0 +200\.0 +1\.00$`, out)
	require.Contains(t, out, "other/spin could not be measured on old")

	took("230")
	git("commit", "-qam", "slow")
	took("210")
	out, code = compare("-s", "work/*", "HEAD")
	require.Equal(t, 0, code, out)
	require.Regexp(t, `(?m)^work/spin Spin +230\.0 +210\.0 +1\.10$`, out)

	write("measure", "echo BenchmarkOther 5 7 ns/op\n")
	out, code = compare("-s", "work/*", "HEAD")
	require.Equal(t, 0, code, out)
	require.Contains(t, out, "work/spin Spin: only in HEAD")
	require.Contains(t, out, "work/spin Other: only in the working tree")

	for _, args := range [][]string{{}, {"nosuch"}, {"-s", "nothing", "HEAD"}, {"HEAD", "HEAD"}, {"-n", "x", "HEAD"}, {"-n", "0", "HEAD"}, {"-n", "", "HEAD"}, {"-l", "1.5", "HEAD"}, {"-l", "", "HEAD"}, {"-t", "5", "HEAD"}, {"-t", "0s", "HEAD"}} {
		out, code = compare(args...)
		require.Equal(t, 64, code, out)
	}
	worktrees := exec.Command("git", "worktree", "list")
	worktrees.Dir = dir
	list, err := worktrees.Output()
	require.NoError(t, err)
	require.NotContains(t, string(list), "/old")
}

// TestBenchCompareTheSame: what did not change is the same program on both sides, to the byte, though it was built in two places: a
// benchmark that is named by its own program has one name.
func TestBenchCompareTheSame(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":    "module example.org/same\n",
		"scenarios": "self go ./p Self\n",
		"p/p_test.go": `package p
import ("crypto/sha256"; "fmt"; "os"; "testing")
func BenchmarkSelf(b *testing.B) {
	path, _ := os.Executable()
	program, _ := os.ReadFile(path)
	b.Run(fmt.Sprintf("%x", sha256.Sum256(program)), func(b *testing.B) { for b.Loop() {} })
}
`,
	} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o777))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666))
	}
	script, err := filepath.Abs(filepath.Join("..", "..", "scripts", "bench-compare"))
	require.NoError(t, err)
	cmd := exec.Command("sh", "-euc", `git init -q; git add -A; git -c user.name=t -c user.email=t@example.org commit -qm one
		"$0" -l 99 -n 1 -t 5x -f scenarios -C . HEAD`, script)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	require.NotContains(t, string(out), "only in")
	require.Regexp(t, `(?m)^self Self/[0-9a-f]{64} `, string(out))
}
