package service_test

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/transport/service"
)

func TestSocketPath(t *testing.T) {
	uid := os.Geteuid()
	want := "/run/ed/router.sock"
	if uid != 0 {
		want = "/run/user/7/ed/router.sock"
	}
	require.Equal(t, want, service.SocketPath("", vars{"XDG_RUNTIME_DIR": "/run/user/7"}.get))
	for _, tt := range []struct {
		uid       int
		dir, want string
	}{
		{0, "/run/user/0", "/run/ed/router.sock"},
		{7, "/run/user/7", "/run/user/7/ed/router.sock"},
		{7, "", "/tmp/ed-7/router.sock"},
		{7, "relative", "/tmp/ed-7/router.sock"},
	} {
		require.Equal(t, tt.want, service.SocketPathOf(tt.uid, vars{"XDG_RUNTIME_DIR": tt.dir}.get))
	}
}

type vars map[string]string

func (v vars) get(name string) string { return v[name] }

func TestLocate(t *testing.T) {
	for text, want := range map[string]string{
		"":                                     "",
		"/run/x.sock":                          "unix:/run/x.sock",
		"@x":                                   "unix:@x",
		"cd:///run/c.sock":                     "unix:/run/c.sock",
		"10.0.0.1":                             "tcp://10.0.0.1:4040",
		":5":                                   "tcp://127.0.0.1:5",
		"tls://r.example:4043":                 "tls://r.example:4043",
		"unix:///run/communicator/router.sock": "unix:/run/communicator/router.sock",
	} {
		a, err := service.Locate(vars{"ED_ROUTER": text}.get)
		require.NoError(t, err)
		if text != "" {
			require.Equal(t, want, a.String(), text)
		}
	}
	_, err := service.Locate(vars{"ED_ROUTER": "what://x"}.get)
	require.ErrorContains(t, err, "ED_ROUTER")
}

// Of several routers' sockets the first that may be used is taken, one that others could have made never.
func TestChoose(t *testing.T) {
	const uid = 7
	own, private, system, cxx := "/run/user/7/ed/router.sock", "/tmp/ed-7/router.sock", "/run/ed/router.sock", "/run/communicator/communicatord.sock"
	for name, tt := range map[string]struct {
		there, usable []string
		want          string
		found         bool
	}{
		"none":             {nil, nil, own, false},
		"own":              {[]string{own, system}, []string{own, system}, own, true},
		"system":           {[]string{system, cxx}, []string{system, cxx}, system, true},
		"not permitted":    {[]string{system, cxx}, []string{cxx}, cxx, true},
		"only forbidden":   {[]string{system, cxx}, nil, system, true},
		"c++":              {[]string{cxx}, []string{cxx}, cxx, true},
		"somebody else's":  {[]string{private, cxx}, []string{private, cxx}, cxx, true},
		"only that one":    {[]string{private}, []string{private}, own, false},
		"own is forbidden": {[]string{own, cxx}, []string{cxx}, cxx, true},
	} {
		t.Run(name, func(t *testing.T) {
			has := func(list []string, p string) bool {
				return slices.Contains(list, p)
			}
			path, found := service.Choose("", service.Candidates(uid, vars{"XDG_RUNTIME_DIR": "/run/user/7"}.get), uid, func(p string) (bool, bool) {
				return has(tt.there, p), has(tt.usable, p)
			})
			require.Equal(t, tt.want, path)
			require.Equal(t, tt.found, found)
		})
	}
	path, found := service.Choose("", []string{private, system}, uid, func(string) (bool, bool) { return false, false })
	require.Equal(t, system, path, "anybody could make the other")
	require.False(t, found)
	require.Equal(t, []string{system, cxx}, service.Candidates(0, vars{"XDG_RUNTIME_DIR": "/run/user/0"}.get))
	require.Equal(t, []string{private, system, cxx}, service.Candidates(uid, vars{}.get))
}

// The real look, in a folder of our own.
func TestLocateOwnSocket(t *testing.T) {
	dir := t.TempDir()
	mine := filepath.Join(dir, "mine")
	get := vars{"XDG_RUNTIME_DIR": mine}.get
	path := filepath.Join(mine, "ed", "router.sock")
	if os.Geteuid() == 0 {
		path = filepath.Join(dir, "run", "ed", "router.sock")
	}
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	none, found := service.FindSocket(dir, get)
	require.False(t, found)
	require.Equal(t, "unix:"+path, none.String(), "an error names where it would be")
	l, err := net.Listen("unix", path)
	require.NoError(t, err)
	defer l.Close()
	a, found := service.FindSocket(dir, get)
	require.True(t, found)
	require.Equal(t, "unix:"+path, a.String())
}

func TestPrivateDir(t *testing.T) {
	dir := t.TempDir()
	uid := os.Geteuid()
	require.NoError(t, os.Chmod(dir, 0o700))
	require.True(t, service.PrivateDir(dir, uid))
	require.False(t, service.PrivateDir(dir, uid+1), "it is not theirs")
	require.NoError(t, os.Chmod(dir, 0o777))
	require.False(t, service.PrivateDir(dir, uid), "anybody may write there")
	require.NoError(t, os.Chmod(dir, 0o700))
	to := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(dir, to))
	require.False(t, service.PrivateDir(to, uid), "a link may lead anywhere")
	require.False(t, service.PrivateDir(dir+strconv.Itoa(1), uid))
}
