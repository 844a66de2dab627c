package router

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/config"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
)

// TestNothingSet: without any setting (but for ports that may be taken) services find the router where they look, and
// nothing is left of it afterwards but what it learned.
func TestNothingSet(t *testing.T) {
	w := toolkittest.New(t)
	n := beginIn(t, w, options{given: []config.Given{
		{Name: "local-listen", Value: "127.0.0.1:0"}, {Name: "signal", Value: "127.0.0.1:0"}, {Name: "control", Value: "none"},
	}})
	socket := w.RouterPath()
	info, err := os.Stat(socket)
	require.NoError(t, err)
	require.Equal(t, fs.ModeSocket|0o660, info.Mode())
	dir, err := os.Stat(filepath.Dir(socket))
	require.NoError(t, err)
	if os.Geteuid() == 0 {
		require.EqualValues(t, 0o755, dir.Mode().Perm())
	} else {
		require.EqualValues(t, 0o700, dir.Mode().Perm())
	}
	require.FileExists(t, filepath.Join(filepath.Dir(socket), "router.dgram"))
	alpha := dial(t, "unix", socket).register("alpha")
	alpha.sync()
	alpha.send("LIST_SERVICES")
	alpha.want(`^<test_hostexample:communicatord .*SERVICES list=alpha$`)
	n.end()
	require.NoDirExists(t, filepath.Dir(socket))
}

// TestFolderOfOthers: a folder in which others could exchange the socket is not used.
func TestFolderOfOthers(t *testing.T) {
	w := toolkittest.New(t)
	dir := filepath.Dir(w.RouterPath())
	require.NoError(t, os.MkdirAll(dir, 0o755))
	require.NoError(t, os.Chmod(dir, 0o777))
	err := run(t.Context(), w.Env, options{inherit: func() []*os.File { return nil }, given: []config.Given{{Name: "local-listen", Value: "none"}, {Name: "signal", Value: "none"}}})
	require.Equal(t, toolkit.Permission, toolkit.KindOf(err), "%v", err)
	require.ErrorContains(t, err, "others may write in it")
}

// TestNoFolder: it is said what can be done.
func TestNoFolder(t *testing.T) {
	var o options
	dir := t.TempDir()
	n := prepare(t, &o, "unix_listen="+write(t, dir+"/file", "")+"/x/s")
	err := run(t.Context(), n.w.Env, o)
	require.Equal(t, toolkit.CantCreate, toolkit.KindOf(err), "%v", err)
	require.Contains(t, toolkit.HintOf(err), "--unix-listen PATH")
	n = prepare(t, &o, "log_file="+dir+"/none/log")
	err = run(t.Context(), n.w.Env, o)
	require.Equal(t, toolkit.CantCreate, toolkit.KindOf(err), "%v", err)
	o = options{}
	n = prepare(t, &o, "certificate="+dir+"/none")
	err = run(t.Context(), n.w.Env, o)
	require.Equal(t, toolkit.NoInput, toolkit.KindOf(err), "%v", err)
}

// TestNothingKept: where no data can be kept the router runs all the same.
func TestNothingKept(t *testing.T) {
	n := begin(t, "data_path="+write(t, t.TempDir()+"/file", "")+"/data")
	n.logged("nothing will be kept over a restart")
	n.service("alpha").sync()
}

// TestDiskIsFull: that files cannot be saved is told once for each, until they can: some are saved every second.
func TestDiskIsFull(t *testing.T) {
	n := begin(t)
	dir := n.path("data")
	rounds := 0
	save := func() (told int) {
		for _, put := range []func(){
			func() { n.d.store.cluster(true, false) }, func() { n.d.store.neighbors(nil) }, func() { n.d.store.cluster(false, false) },
		} {
			n.do(put)
			require.Eventually(t, func() (done bool) { n.do(func() { done = !n.d.store.busy }); return done }, 10*time.Second, time.Millisecond)
		}
		rounds++
		n.do(func() { n.d.log.Info("round", "number", rounds) })
		n.logged(fmt.Sprintf("msg=round number=%d", rounds))
		return strings.Count(n.w.Err.String(), "file was not saved")
	}
	require.Zero(t, save())
	require.NoError(t, os.RemoveAll(dir))
	require.Equal(t, 2, save())
	require.Equal(t, 2, save())
	require.NoError(t, os.Mkdir(dir, 0o700))
	require.Equal(t, 2, save())
	require.NoError(t, os.RemoveAll(dir))
	require.Equal(t, 4, save())
}

// TestDamagedNeighbors: a file that is not whole gives what it holds.
func TestDamagedNeighbors(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/neighbors.txt", "# known\n10.0.0.1:4042, 10.0.0.2\ngarbage cds://192.0.2.1:4043 # over TLS\n\n[fd00::1]:1\n")
	list, err := readNeighborsFile(dir)
	require.ErrorContains(t, err, "1 words in it are no addresses")
	var texts []string
	for _, a := range list {
		texts = append(texts, neighborText(a))
	}
	require.Equal(t, []string{"10.0.0.1:4042", "10.0.0.2:4042", "cds://192.0.2.1:4043", "[fd00::1]:1"}, texts)
	list, err = readNeighborsFile(dir + "/none")
	require.NoError(t, err)
	require.Empty(t, list)
}
