package arch_test

// policy says which packages of this module a package may import, outside of its tests. Every package has a line: a new one
// is added here, and with it the decision where in the house it stands. Arrows point down; nothing may import upwards.
//
// A line reads "PACKAGE: IMPORTS", where "-" is nothing, "*" ends a prefix, and "any" is everything. Packages under
// an internal folder or ending in "test" have lines like all others.
const policy = `
core/address: -
core/config: core/spelling
core/reactor: -
core/secret: -
core/signals: -
core/spelling: -
core/proc: core/signals
core/proc/proctest: -
core/message: core/address
core/watch: core/reactor core/signals
core/definition: core/message core/config core/address
core/dispatch: core/message core/definition
core/router: core/secret core/message core/dispatch core/definition core/address
core/inspect: core/secret core/message core/dispatch

transport: core/address
transport/internal/*: transport core/reactor core/address
transport/stream: transport transport/internal/* core/reactor core/address
transport/dgram: transport transport/internal/* core/reactor core/address
transport/tcp: transport transport/stream transport/internal/* core/reactor core/address
transport/udp: transport transport/dgram transport/internal/* core/reactor core/address
transport/unixsock: transport transport/stream transport/dgram transport/internal/* core/reactor core/address
transport/pipe: transport transport/stream transport/internal/* core/reactor core/address
transport/tlsconn: transport core/reactor core/address core/config
transport/tlsconn/tlsconntest: -
transport/child: transport transport/pipe core/reactor core/watch core/address
transport/open: transport transport/* core/reactor core/address
transport/link: transport core/message core/dispatch core/reactor core/address
transport/service: transport transport/link transport/open core/message core/dispatch core/reactor core/address
transport/service/servicetest: transport transport/link transport/open transport/service core/message core/dispatch core/reactor core/address
transport/control: transport transport/link transport/open core/message core/dispatch core/reactor core/address core/inspect core/proc core/secret
transport/transporttest: transport core/reactor core/address

tools/toolkit: core/config core/spelling core/address core/message core/definition core/dispatch core/reactor transport transport/link transport/open transport/tlsconn transport/service
tools/toolkit/toolkittest: tools/toolkit core/address core/dispatch core/message core/reactor transport/link transport/control
tools/internal/ui: core/message core/proc core/inspect core/dispatch tools/toolkit transport/control
tools/signal: tools/toolkit core/message core/address core/config core/definition core/dispatch transport transport/link transport/control
tools/ask: tools/toolkit core/message core/address core/definition transport/link transport/control
tools/stop: tools/toolkit core/proc core/signals core/message core/address core/config
tools/tail: tools/toolkit tools/internal/ui core/message core/address core/proc core/signals core/dispatch core/reactor core/watch core/inspect transport transport/link transport/open transport/service transport/control
tools/on: tools/toolkit tools/internal/ui core/message core/address core/dispatch core/signals core/proc core/reactor core/watch core/inspect transport transport/child transport/link transport/open transport/control
tools/top: tools/toolkit tools/internal/ui core/message core/inspect transport/link transport/control
tools/bench: tools/toolkit tools/bench/report core/message core/dispatch core/address core/reactor core/proc transport transport/link transport/open transport/service
tools/bench/report: -
tools/router: tools/toolkit core/router core/message core/dispatch core/definition core/config core/address core/reactor core/watch core/signals core/inspect core/proc transport transport/link transport/open transport/tlsconn transport/control
tools/check: tools/toolkit core/* transport transport/*
tools/demo: tools/toolkit core/* transport transport/*

cmd/*: any
examples/*: any
man: -
man/*: any
tests/*: any
scripts/*: any
`

// restricted lists packages from elsewhere that only some of ours may import, outside of tests. "-" is nobody: those are for tests.
// net/netip and net/url touch no network and are free.
const restricted = `
golang.org/x/sys/*: core/reactor core/proc core/signals core/watch transport/stream transport/dgram transport/tcp transport/udp transport/unixsock transport/pipe transport/internal/* transport/child examples/* cmd/ed tests/*
golang.org/x/term: tools/toolkit tools/internal/ui tools/top tools/tail cmd/ed
syscall: core/* transport transport/* cmd/ed examples/* tests/*
net: transport/open transport/tlsconn examples/* cmd/ed tests/*
net/http: tools/router
crypto/tls: transport/open transport/tlsconn tools/check
os/signal: core/watch core/proc/proctest cmd/ed examples/* tests/*
gopkg.in/ini.v1: core/config
github.com/prometheus/procfs: core/proc
github.com/urfave/cli/*: cmd/* tools/* tools/toolkit/toolkittest
github.com/charmbracelet/bubbletea: tools/top tools/tail tools/internal/ui
github.com/charmbracelet/lipgloss: tools/top tools/tail tools/internal/ui tools/demo
github.com/cpuguy83/go-md2man/*: man/*
github.com/stretchr/testify/*: -
github.com/rogpeppe/go-internal/*: -
github.com/creack/pty: scripts/*
pgregory.net/rapid: tests/*
go.uber.org/goleak: -
plugin: -
unsafe: core/message core/definition core/dispatch core/reactor core/watch transport/stream transport/dgram transport/internal/*
`

// Sizes in lines.
const (
	maxSource  = 600
	maxTest    = 800
	maxExample = 59 // an example is read at one look
)

// wholeExample shows all that a service may be made of, together.
const wholeExample = "examples/minder"

// mayExit lists who may end the process: programs.
const mayExit = "cmd/* examples/* man/build scripts/* tests/*"

// maySleep lists who may wait by the clock alone; tests wait for a condition.
const maySleep = "tools/* cmd/* examples/* scripts/*"

// mayInit lists who may have an init function: the guard that keeps a library from asking the terminal for its colours.
const mayInit = "cmd/ed/internal/term"
