package router

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/message"
	rules "github.com/ed-toolbox/ed/core/router"
)

// someone is a client for a policy.
type someone struct {
	kind            rules.Kind
	uid             int // -1: not known
	service, server string
}

func (s someone) Origin() rules.Origin {
	return rules.Origin{Kind: s.kind, HasCred: s.uid >= 0, UID: uint32(max(s.uid, 0)), GID: uint32(max(s.uid, 0))}
}
func (s someone) Service() string { return s.service }
func (s someone) Server() string  { return s.server }

func TestPolicy(t *testing.T) {
	p, errs := parsePolicy(strings.Join([]string{
		"# who may be what",
		"allow register cluckd,web* user=1000",
		"deny  register *           via=tcp   # nobody else there",
		"allow register test_[ab]   group=2000",
		"allow send STATUS,LOCK* to cluckd,snap:* user=*",
		"deny  send LOCK*",
		"allow send * to communicatord via=datagram",
		"allow send PING to *:web* service=web* peer=x",
		"allow send PING peer=n*",
		"deny send X to .,*:.,?:[.]",
	}, "\n"))
	require.Empty(t, errs)
	p.uid = 77
	user := someone{rules.LocalUnix, 1000, "", ""}
	other := someone{rules.LocalUnix, 2000, "", ""}
	root := someone{rules.LocalUnix, 0, "", ""}
	same := someone{rules.LocalUnix, 77, "", ""}
	tcp := someone{rules.LocalTCP, -1, "", ""}
	udp := someone{rules.Datagram, -1, "", ""}
	peer := someone{rules.Remote, -1, "", "n2"}
	stranger := someone{rules.Remote, -1, "", ""}

	tests := []struct {
		who  someone
		what string // "+NAME" registers
		line int    // the rule that forbids; 0: allowed; -1: no rule fits
	}{
		{user, "+cluckd", 0}, {user, "+website", 0}, {user, "+test_a", -1}, {user, "+other", -1},
		{other, "+test_a", 0}, {other, "+test_c", -1}, {other, "+cluckd", -1},
		{root, "+anything", 0}, {same, "+anything", 0}, {tcp, "+cluckd", 3}, {peer, "+cluckd", 0},
		{user, "cluckd/LOCKED", 0}, {user, "snap:x/LOCK", 0}, {user, "y:x/LOCK", 6}, {user, "other/PING", -1},
		{tcp, "cluckd/LOCK", 6}, {tcp, "cluckd/PING", -1}, {root, "other/LOCK", 6}, {root, "other/PING", 0}, {same, "other/PING", 0},
		{udp, "LOG_ROTATE", 0}, {udp, "communicatord/STOP", 0}, {udp, "cluckd/PING", -1},
		{peer, "any/PING", 0}, {peer, "any/OTHER", 0}, {stranger, "any/PING", -1},
		{tcp, "COMMANDS list=A", 0}, {tcp, "REGISTER service=x", 0}, {tcp, "ALIVE", 0}, {tcp, "x/ALIVE", -1}, {stranger, "CONNECT", 0}, {tcp, "SHUTDOWN", -1},
	}
	for _, tt := range tests {
		t.Run(tt.who.kind.String()+" "+tt.what, func(t *testing.T) {
			var err error
			if name, ok := strings.CutPrefix(tt.what, "+"); ok {
				err = p.mayRegister(tt.who, name)
			} else {
				m, bad := message.Parse([]byte(tt.what))
				require.NoError(t, bad)
				err = p.maySend(tt.who, m)
			}
			switch {
			case tt.line == 0:
				require.NoError(t, err)
			case tt.line < 0:
				require.ErrorContains(t, err, "the policy does not allow to ")
				require.NotContains(t, err.Error(), "its line")
			default:
				require.ErrorContains(t, err, "(its line "+fmt.Sprint(tt.line)+")")
			}
		})
	}
}

// TestPolicyOfOneKind: what a file does not speak of at all is free.
func TestPolicyOfOneKind(t *testing.T) {
	p, errs := parsePolicy("deny register secret")
	require.Empty(t, errs)
	require.NoError(t, p.maySend(someone{rules.LocalTCP, -1, "", ""}, message.New("ANY")))
	require.Error(t, p.mayRegister(someone{rules.LocalTCP, -1, "", ""}, "other"))
}

func TestPolicyMistakes(t *testing.T) {
	tests := map[string]string{
		"permit register x":          `1: "permit" is neither allow nor deny`,
		"\n\nallow":                  `3: a rule is "allow register NAMES`,
		"deny eat x":                 `1: a rule is "deny register`,
		"allow register":             "1: a rule is",
		"allow register a,,b":        `"a,,b" has an empty name`,
		"allow register [a":          "[ at byte 0 is not closed",
		"allow register x to y":      `"to" belongs to send`,
		"allow send X to":            `after "to" a service is missing`,
		"allow send X to [":          "is not closed",
		"allow send X to :y":         `"" has an empty name`,
		"allow send X y":             `"y" is none of user=, group=`,
		"allow send X user=":         `"user=" is none of`,
		"allow send X host=y":        `"host" is none of user, group, service, peer, via`,
		"allow send X user=nobodyX":  "there is no such user",
		"allow send X group=nobodyX": "there is no such group",
		"allow send X via=pigeon":    `"pigeon" is none of unix, tcp, datagram, peer`,
		"allow send X service=[":     "is not closed",
		"deny send stop":             `"stop" matches no command, they are in capitals: STOP`,
		"deny send X to a:b:c":       `"b:c" matches no service: ':' is not allowed`,
		"deny send X to .x:b":        `".x" matches no server: `,
		"deny register my-*":         `"my-*" matches no service: '-' is not allowed`,
		"deny register x service=1*": `"1*" matches no service: `,
		"deny register x peer=a_b,/": `"/" matches no server: `,
	}
	for text, want := range tests {
		t.Run(text, func(t *testing.T) {
			_, errs := parsePolicy(text)
			require.Len(t, errs, 1)
			require.ErrorContains(t, errs[0], want)
		})
	}
	_, errs := parsePolicy("a\nb\nallow register x\nc")
	require.Len(t, errs, 3)
}

func FuzzPolicy(f *testing.F) {
	f.Add("allow register a,b* user=0 via=unix # x\ndeny send * to a:b,c peer=[a-z]")
	f.Add("allow send X to :")
	f.Fuzz(func(t *testing.T, text string) {
		p, errs := parsePolicy(text)
		if len(errs) > 0 {
			return
		}
		_ = p.mayRegister(someone{rules.LocalUnix, 1, "a", ""}, "a")
		_ = p.maySend(someone{rules.LocalUnix, 1, "a", ""}, message.New("X"))
	})
}
