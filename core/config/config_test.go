package config_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/config"
)

// world is a file system and an environment for one test.
type world struct {
	t   *testing.T
	dir string
	env map[string]string
}

func newWorld(t *testing.T) *world {
	dir := t.TempDir()
	return &world{t: t, dir: dir, env: map[string]string{"HOME": filepath.Join(dir, "home")}}
}

func (w *world) file(path, text string) string {
	path = filepath.Join(w.dir, path)
	require.NoError(w.t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(w.t, os.WriteFile(path, []byte(text), 0o644))
	return path
}

func (w *world) options() config.Options {
	return config.Options{
		Tool: "signal",
		Keys: []config.Key{
			{Name: "host", Default: "127.0.0.1:4041", Help: "where to send"},
			{Name: "secret-code", Secret: true},
			{Name: "param", Multi: true},
			{Name: "message", CommandLineOnly: true},
			{Name: "tls::key"},
			{Name: "flag"},
		},
		Others:         func() (tools, keys []string) { return []string{"stop", "signal"}, []string{"process-name"} },
		LegacyVariable: "ED_SIGNAL", Root: w.dir,
		Getenv: func(name string) string { return w.env[name] },
	}
}

func TestPrecedence(t *testing.T) {
	w := newWorld(t)
	o := w.options()
	check := func(value, origin string) {
		t.Helper()
		s, err := config.Load(o)
		require.NoError(t, err)
		require.Equal(t, value, s.Get("host").Value)
		require.Equal(t, strings.ReplaceAll(origin, "$", w.dir), s.Get("host").Origin.String())
		require.Equal(t, origin != "default", s.Get("host").IsSet())
	}
	check("127.0.0.1:4041", "default")
	w.file("etc/eventdispatcher/ed-signal.conf", "# comment\nhost=a\n")
	check("a", "$/etc/eventdispatcher/ed-signal.conf:2")
	w.file("etc/eventdispatcher/eventdispatcher.d/50-ed-signal.conf", "host=b")
	w.file("etc/eventdispatcher/eventdispatcher.d/10-ed-signal.conf", "host=no")
	w.file("etc/eventdispatcher/eventdispatcher.d/60-ed-stop.conf", "nonsense=1")
	w.file("etc/eventdispatcher/eventdispatcher.d/x-ed-signal.conf", "nonsense=1")
	check("b", "$/etc/eventdispatcher/eventdispatcher.d/50-ed-signal.conf:1")
	w.file("home/.config/ed/ed.conf", "host=c\nprocess_name=x\n[stop]\nhost=no\nsecond=2\n")
	check("c", "$/home/.config/ed/ed.conf:1")
	w.file("home/.config/ed/ed.conf", "host=c\n\n[signal]\n\n host = d \n")
	check("d", "$/home/.config/ed/ed.conf:5")
	w.file("xdg/ed/ed-signal.conf", "host=e")
	w.env["XDG_CONFIG_HOME"] = filepath.Join(w.dir, "xdg")
	check("e", "$/xdg/ed/ed-signal.conf:1")
	o.Legacy = []config.Given{{Name: "host", Value: "f"}}
	check("f", "environment ED_SIGNAL")
	w.env["ED_HOST"] = "g"
	check("g", "environment ED_HOST")
	w.env["ED_SIGNAL_HOST"] = ""
	check("g", "environment ED_HOST")
	w.env["ED_SIGNAL_HOST"] = "h"
	check("h", "environment ED_SIGNAL_HOST")
	o.Flags = []config.Given{{Name: "host", Value: "i"}}
	check("i", "command line --host")
}

func TestValuesStayAsTheyAre(t *testing.T) {
	for _, c := range []struct{ name, line, want string }{
		{"plain", "secret-code=abc", "abc"},
		{"underscore", "secret_code=abc", "abc"},
		{"spaces around", "  secret-code \t=\t a b \r", "a b"},
		{"hash and semicolon", "secret-code=pa#ss;w ; x # y", "pa#ss;w ; x # y"},
		{"backslash at the end", `secret-code=a\`, `a\`},
		{"percent", "secret-code=%(host)s", "%(host)s"},
		{"double quotes", `secret-code="a"`, `"a"`},
		{"single quotes", "secret-code='a'", "'a'"},
		{"three quotes", `secret-code="""a`, `"""a`},
		{"backquotes", "secret-code=`a`", "`a`"},
		{"one backquote", "secret-code=`a", "`a"},
		{"equal signs", "secret-code=a=b==", "a=b=="},
		{"colon", "secret-code=a:b", "a:b"},
		{"empty", "secret-code=", ""},
		{"without value", "secret-code", "true"},
		{"bytes", "secret-code=\xff\xfe\u00a0", "\xff\xfe\u00a0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			o := w.options()
			path := w.file("x.conf", "\ufeffhost=first\n"+c.line+"\nflag=last")
			o.Files = []string{path}
			s, err := config.Load(o)
			require.NoError(t, err)
			require.Equal(t, c.want, s.Get("secret_code").Value)
			require.Equal(t, config.Origin{Kind: config.FromFile, Name: path, Line: 2}, s.Get("secret-code").Origin)
			require.Equal(t, "first", s.Get("host").Value)
			require.Equal(t, "last", s.Get("flag").Value)
		})
	}
}

func TestDuplicatesAndSections(t *testing.T) {
	w := newWorld(t)
	o := w.options()
	one := w.file("1.conf", "param=a\nhost=1\nparam=a\nhost=2\n[tls] ; the [section]\nkey=k\n[ signal ]\nflag\n; the end\n")
	o.Files = []string{one}
	s, err := config.Load(o)
	require.NoError(t, err)
	require.Equal(t, []string{"a", "a"}, s.Get("param").Values)
	require.Equal(t, "2", s.Get("host").Value)
	require.Equal(t, 4, s.Get("host").Origin.Line)
	require.Equal(t, "k", s.Get("tls::key").Value)
	require.Equal(t, "true", s.Get("flag").Value)
	require.Equal(t, []string{one}, s.Files())

	two := w.file("2.conf", "param=b")
	o.Files = append(o.Files, two)
	o.Flags = []config.Given{{Name: "message", Value: "STOP"}}
	s, err = config.Load(o)
	require.NoError(t, err)
	require.Equal(t, []string{"b"}, s.Get("param").Values)
	require.Equal(t, "STOP", s.Get("message").Value)
	var names []string
	for _, each := range s.All() {
		names = append(names, each.Name)
	}
	require.Equal(t, []string{"flag", "host", "message", "param", "secret-code", "tls::key"}, names)
	require.Zero(t, s.Get("nothing"))
	require.Equal(t, "where to send", s.Get("host").Help)
	require.True(t, s.Get("secret-code").Secret)
}

func TestUnknownKeysAreAllReported(t *testing.T) {
	w := newWorld(t)
	o := w.options()
	path := w.file("x.conf", "# one\nhots=1\n\nmessage=STOP\n[other]\nhost=1\n[stop]\nwhatever=1\n")
	o.Files = []string{path}
	_, err := config.Load(o)
	require.EqualError(t, err, path+`:2: there is no key "hots", did you mean "host"?`+"\n"+
		path+`:4: only the command line can give "message"`+"\n"+
		path+`:6: there is no key "other::host"`)
	var ke *config.KeyError
	require.ErrorAs(t, err, &ke)
	require.Equal(t, 2, ke.Origin.Line)
	require.Equal(t, "host", ke.Suggest)
}

// TestNoSectionIsSpecial: "DEFAULT" is what the ini parser calls the part before the first section.
func TestNoSectionIsSpecial(t *testing.T) {
	w := newWorld(t)
	o := w.options()
	path := w.file("x.conf", "host=1\n[DEFAULT]\nhost=2\n")
	o.Files = []string{path}
	_, err := config.Load(o)
	require.EqualError(t, err, path+`:3: there is no key "DEFAULT::host"`)
	value, _, err := config.Reference(path + "@host")
	require.NoError(t, err)
	require.Equal(t, "1", value)
	value, _, err = config.Reference(path + "@DEFAULT::host")
	require.NoError(t, err)
	require.Equal(t, "2", value)
}

func TestBrokenFiles(t *testing.T) {
	for _, c := range []struct {
		name, text string
		line       int
		reason     string
	}{
		{"open section", "host=1\n[signal\n", 2, "not closed"},
		{"text after a section", "[signal] host=1", 1, "only a comment"},
		{"empty section", "[]", 1, "no name"},
		{"no name", "\n\n = 1", 3, "no name for a key"},
		{"quoted name", `"host"=1`, 1, "no name for a key"},
		{"backquoted name", "`host=1", 1, "no name for a key"},
		{"several words", "this is prose", 1, "no name for a key, and there is no = behind one"},
		{"nul", "host=a\x00b", 1, "NUL"},
		{"too big", strings.Repeat("#\n", 1<<19+1), 0, "1 MiB"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			o := w.options()
			o.Files = []string{w.file("x.conf", c.text)}
			_, err := config.Load(o)
			var fe *config.FileError
			require.ErrorAs(t, err, &fe)
			require.Equal(t, o.Files[0], fe.File)
			require.Equal(t, c.line, fe.Line)
			require.ErrorContains(t, err, c.reason)
		})
	}
}

func TestFileThatIsNamedMustExist(t *testing.T) {
	w := newWorld(t)
	o := w.options()
	o.Files = []string{filepath.Join(w.dir, "none.conf")}
	s, err := config.Load(o)
	require.Empty(t, s.Files())
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.EqualError(t, err, "read "+o.Files[0]+": no such file or directory")
	o.Files = []string{w.dir}
	_, err = config.Load(o)
	require.ErrorContains(t, err, "is a directory")
}

// Lines after a section that has no good name are not those of the one before.
func TestNothingIsReadAfterABadSection(t *testing.T) {
	w := newWorld(t)
	o := w.options()
	o.Files = []string{w.file("x.conf", "[signal]\nhost=1\n[no name]\nhost=2\n[signal]\nflag\n")}
	s, err := config.Load(o)
	require.EqualError(t, err, o.Files[0]+`:3: "no name" is no name for a section`)
	require.Equal(t, "1", s.Get("host").Value)
	require.Equal(t, "true", s.Get("flag").Value)
}

// Keys of other tools are passed over in ed.conf, before its sections, and nowhere else.
func TestKeysOfOtherTools(t *testing.T) {
	w := newWorld(t)
	o := w.options()
	o.Others = func() (tools, keys []string) { return []string{"stop", "signal"}, []string{"process-name", "host"} }
	shared := w.file("home/.config/ed/ed.conf", "process-name=x\nhost=both know\n[signal]\nprocess-name=y\n")
	own := w.file("home/.config/ed/ed-signal.conf", "process-name=z\n")
	wrong := shared + `:4: there is no key "process-name"` + "\n" + own + `:1: there is no key "process-name"`
	s, err := config.Load(o)
	require.EqualError(t, err, wrong)
	require.Equal(t, "both know", s.Get("host").Value)
	o.Others = nil
	_, err = config.Load(o)
	require.EqualError(t, err, shared+`:1: there is no key "process-name"`+"\n"+wrong)
}

func TestEnvironment(t *testing.T) {
	w := newWorld(t)
	w.env["ED_SIGNAL_SECRET_CODE"] = "c"
	w.env["ED_TLS__KEY"] = "k"
	w.env["ED_MESSAGE"] = "STOP"
	s, err := config.Load(w.options())
	require.NoError(t, err, "a variable that gives what only the command line can is another program's")
	require.Equal(t, "c", s.Get("secret-code").Value)
	require.Equal(t, "k", s.Get("tls::key").Value)
	require.False(t, s.Get("message").IsSet())
}

func TestLegacyVariableIsNoValue(t *testing.T) {
	w := newWorld(t)
	o := w.options()
	o.Keys = append(o.Keys, config.Key{Name: "signal", Default: "x"})
	w.env["ED_SIGNAL"] = "--host 1"
	s, err := config.Load(o)
	require.NoError(t, err)
	require.Equal(t, "x", s.Get("signal").Value)
}

func TestReference(t *testing.T) {
	w := newWorld(t)
	path := w.file("dir@1/some.conf", "# x\nhost=10.0.0.1:4041\nmy_address = a`b#c\nhost=10.0.0.2\n[router]\nlisten=[::1]:5\n")
	for _, c := range []struct {
		name, variable, want string
		line                 int
	}{
		{"last one counts", "host", "10.0.0.2", 4},
		{"dash for underscore", "my-address", "a`b#c", 3},
		{"section", "router::listen", "[::1]:5", 6},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.True(t, config.IsReference(path+"@"+c.variable))
			value, origin, err := config.Reference(path + "@" + c.variable)
			require.NoError(t, err)
			require.Equal(t, c.want, value)
			require.Equal(t, config.Origin{Kind: config.FromFile, Name: path, Line: c.line}, origin)
		})
	}
}

func TestReferenceErrors(t *testing.T) {
	w := newWorld(t)
	path := w.file("some.conf", "host=1\nalso=1\nhost=1\n[router]\nlisten=2\n")
	broken := w.file("broken.conf", "host=1\n[router\n")
	empty := w.file("empty.conf", "")
	many := w.file("many.conf", "a1\na2\na3\na4\na5\na6\na7\na8\na9\nb1\nb2\nb3\nb4\nb5\n")
	for _, c := range []struct {
		name, ref string
		problem   config.ReferenceProblem
		message   string
	}{
		{"no at", "abc", config.BadReference, "FILE@VARIABLE"},
		{"no file", "@abc", config.BadReference, "FILE@VARIABLE"},
		{"no variable", "abc@", config.BadReference, "FILE@VARIABLE"},
		{"missing file", w.dir + "/none@x", config.NoFile, "no such file"},
		{"folder", w.dir + "@x", config.NoFile, "is a directory"},
		{"broken file", broken + "@host", config.BadFile, broken + ":2: the section is not closed"},
		{"missing variable", path + "@port", config.NoVariable, `has no "port", it has also, host, router::listen`},
		{"misspelt", path + "@hsot", config.NoVariable, `did you mean "host"?`},
		{"wrong section", path + "@listen", config.NoVariable, `has no "listen"`},
		{"nothing in it", empty + "@x", config.NoVariable, "nor any other"},
		{"many", many + "@x", config.NoVariable, "b3 and 2 more"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := config.Reference(c.ref)
			var re *config.ReferenceError
			require.ErrorAs(t, err, &re)
			require.Equal(t, c.problem, re.Problem)
			require.ErrorContains(t, err, c.message)
			require.Equal(t, c.name == "missing file", errors.Is(err, fs.ErrNotExist))
		})
	}
}

func TestIsReference(t *testing.T) {
	for text, want := range map[string]bool{
		"/etc/x.conf@host": true, "x@y": true, "a@b/c@d": true, "/x@s::v": true, "/a:b@c": true,
		"unix:@name": false, "unixgram:@name": false, "@name": false, "x@": false, "": false, "127.0.0.1:4041": false,
		"cds://user@host": false, "exec:mail a@b": false, "/x@y z": false, "/x@1.2.3.4": false,
	} {
		require.Equal(t, want, config.IsReference(text), text)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("a=1\n[b]\nc=`x\n")
	f.Add("\ufeffa\r\n;x\n[ b ]#y\na.b:c-d_e = \"\"\"")
	f.Add("[DEFAULT]\na=1\n[a.b]\nc=%(a)s\\\n")
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "x")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		_, _, err := config.Reference(path + "@zzz_none")
		var re *config.ReferenceError
		if err != nil {
			require.ErrorAs(t, err, &re)
			require.NotContains(t, err.Error(), "lost a line")
			require.NotEqual(t, config.NoFile, re.Problem, err)
		}
	})
}

// What others know is asked for when there is a file that may hold it, and only once.
func TestOthersAreAskedForFilesOnly(t *testing.T) {
	w := newWorld(t)
	asked := 0
	o := w.options()
	o.Others = func() (tools, keys []string) {
		asked++
		return []string{"stop"}, []string{"process-name"}
	}
	w.env["ED_HOST"] = "a"
	_, err := config.Load(o)
	require.NoError(t, err)
	require.Zero(t, asked)
	w.file("home/.config/ed/ed.conf", "process_name=x\nprocess-name=y\n[stop]\nhost=no\n")
	w.file("home/.config/ed/ed-signal.conf", "[stop]\nhost=no\n")
	_, err = config.Load(o)
	require.NoError(t, err)
	require.Equal(t, 1, asked)
}
