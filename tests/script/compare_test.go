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
	took := func(ns string) { // three figures, of which the middle one counts
		write("measure", "echo goos: linux\nfor ns in 1 "+ns+" 9999; do echo \"BenchmarkSpin-2   5  $ns ns/op  7 B/op\"; done\n")
	}
	took("200")
	write("scenarios", "# one\nwork/spin run sh measure\nwork/none go ./nowhere .\n\nother/spin run false\n")
	git("init", "-q")
	git("add", "-A")
	git("commit", "-qm", "quick")

	took("230")
	out, code := compare("-s", "work/*", "HEAD")
	require.Equal(t, 1, code, out)
	require.Regexp(t, `(?m)^work/spin Spin +200\.0 +230\.0 +0\.87  SLOWER$`, out)
	require.Contains(t, out, "1 slower by more than 10%")
	require.Contains(t, out, "work/none measures nothing in the working tree\n")
	require.NotContains(t, out, "work/spin measures")

	out, code = compare("-s", "work/*", "-l", "14", "HEAD")
	require.Equal(t, 0, code, out)
	out, code = compare("-s", "other/*", "HEAD")
	require.Equal(t, 1, code, out)
	require.Contains(t, out, "other/spin failed on old")

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

	for _, args := range [][]string{{}, {"nosuch"}, {"-s", "nothing", "HEAD"}, {"HEAD", "HEAD"}} {
		out, code = compare(args...)
		require.Equal(t, 64, code, out)
	}
	worktrees := exec.Command("git", "worktree", "list")
	worktrees.Dir = dir
	list, err := worktrees.Output()
	require.NoError(t, err)
	require.NotContains(t, string(list), "/old")
}
