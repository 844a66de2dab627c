package main

import (
	"errors"
	"syscall"

	"github.com/ed-toolbox/ed/tools/toolkit"
)

// exit is one line of the table of exit codes.
type exit struct {
	Code    int
	Kind    toolkit.Kind
	Name    string // of sysexits.h, or a word of ours
	Meaning string // for `ed explain` and the manual
	Advice  string
}

// exits is the one table of exit codes. The manual pages and `ed explain` are checked against it and made from it.
// Codes 64 to 78 are those of sysexits.h, which systemd knows by name.
func exits() []exit {
	return []exit{
		{0, 0, "OK", "it worked", ""},
		{1, toolkit.Other, "FAILURE", "it failed for a reason that has no code of its own", "read the message on standard error"},
		{3, toolkit.NotRunning, "NOTRUNNING", "the process does not run (ed stop --strict)", "without --strict this is success"},
		{4, toolkit.NoSuch, "NOSUCH", "there is no such unit or process (ed stop --strict, ed on process)", "check the name; systemctl list-units shows the units"},
		{64, toolkit.Usage, "USAGE", "the command line is wrong, nothing was done", "the command with --help shows how it is used"},
		{65, toolkit.Data, "DATAERR", "a message or an input file is malformed", "the message names the line or the byte; ed check message tells more"},
		{66, toolkit.NoInput, "NOINPUT", "an input file is missing or cannot be read", "check the path"},
		{68, toolkit.NoHost, "NOHOST", "the host name is unknown", "check the name, or give the address as numbers"},
		{69, toolkit.Unavailable, "UNAVAILABLE", "refused, unreachable, or no such service", "is the peer running, and does it listen at that address and by that protocol?"},
		{70, toolkit.Internal, "SOFTWARE", "a bug in this program", "run it again with -v and report what it prints"},
		{73, toolkit.CantCreate, "CANTCREAT", "an output file cannot be created", "check the folder and its permissions"},
		{74, toolkit.IO, "IOERR", "reading or writing failed", "is the disk full?"},
		{75, toolkit.Temporary, "TEMPFAIL", "it may work later", "try again"},
		{76, toolkit.Protocol, "PROTOCOL", "the peer broke the protocol", "the message says what it sent; is it a service of this kind at all?"},
		{77, toolkit.Permission, "NOPERM", "the system does not allow it", "another user, or a group that may use the socket"},
		{78, toolkit.Config, "CONFIG", "a configuration file or variable is wrong", "ed config show --origin tells where each value comes from"},
		{99, toolkit.Threshold, "THRESHOLD", "a measured value crossed the limit that was asked for", "see the report"},
		{124, toolkit.Timeout, "TIMEOUT", "the time given ran out", "--timeout gives more"},
		{130, toolkit.Interrupt, "SIGINT", "ended by Ctrl-C; 143 by SIGTERM, 129 by SIGHUP", "seen by shells: the process really dies by the signal"},
	}
}

// exitCode maps err to the process's exit code. It is the only place that does.
func exitCode(err error) int {
	if err == nil {
		return 0
	}
	if by, ok := errors.AsType[*toolkit.Interrupted](err); ok {
		if s, ok := by.Signal.(syscall.Signal); ok {
			return 128 + int(s)
		}
	}
	if exited, ok := errors.AsType[*toolkit.Exited](err); ok {
		return exited.Code
	}
	kind := toolkit.KindOf(err)
	for _, e := range exits()[1:] {
		if e.Kind == kind {
			return e.Code
		}
	}
	return 1
}
