package tail

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

const sample = "<here:lockd there:cluckd/LOCKED object_name=a,b;tag=7;path=/etc/x;back=c\\\\d"

func TestFilterMatch(t *testing.T) {
	for name, c := range map[string]struct {
		filters []string
		out     bool
		want    bool
	}{
		"none":                    {nil, false, true},
		"command":                 {[]string{"LOCKED"}, false, true},
		"other command":           {[]string{"UNLOCKED"}, false, false},
		"glob":                    {[]string{"LOCK*"}, false, true},
		"class":                   {[]string{"[A-M]OCKED"}, false, true},
		"named command":           {[]string{"command=LOCK?D"}, false, true},
		"not":                     {[]string{"!LOCK*"}, false, false},
		"not other":               {[]string{"!UN*"}, false, true},
		"service":                 {[]string{"service=cluckd"}, false, true},
		"server":                  {[]string{"server=th*"}, false, true},
		"from service":            {[]string{"from_service=lockd"}, false, true},
		"from service with dash":  {[]string{"from-service=lockd"}, false, true},
		"from server":             {[]string{"from_server=there"}, false, false},
		"peer":                    {[]string{"peer=tcp://127.*"}, false, true},
		"direction":               {[]string{"direction=in"}, false, true},
		"direction of an answer":  {[]string{"direction=in"}, true, false},
		"parameter":               {[]string{"param.tag=7"}, false, true},
		"parameter with slashes":  {[]string{"param.path=/etc/*"}, false, true},
		"other value":             {[]string{"param.tag=8"}, false, false},
		"parameter there":         {[]string{"param.tag"}, false, true},
		"parameter not there":     {[]string{"param.nothing"}, false, false},
		"not there is not equal":  {[]string{"!param.nothing=1"}, false, true},
		"comma in a value":        {[]string{`param.object_name=a\,b`}, false, true},
		"backslash in a value":    {[]string{`param.back=c\\d`}, false, true},
		"and":                     {[]string{"LOCK*,service=cluckd,!param.tag=8"}, false, true},
		"and fails":               {[]string{"LOCK*,service=other"}, false, false},
		"and with spaces":         {[]string{" LOCK* , service=cluckd "}, false, true},
		"or":                      {[]string{"STOP", "service=cluckd"}, false, true},
		"or fails":                {[]string{"STOP", "service=other"}, false, false},
		"empty value means empty": {[]string{"service="}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := parseFilter(c.filters)
			require.NoError(t, err)
			m, err := message.Parse([]byte(sample))
			require.NoError(t, err)
			require.Equal(t, c.want, f.match(m, "tcp://127.0.0.1:5", c.out))
		})
	}
}

func TestFilterErrors(t *testing.T) {
	for filter, want := range map[string]string{
		"":                  `option --filter: in "": a condition is empty`,
		"LOCK*,,X":          "a condition is empty",
		"!":                 "a condition is empty",
		"lock*":             `"lock*" matches no command, they are in capitals: LOCK*`,
		"A-B":               `"A-B" matches no command: '-' cannot be in one`,
		"LOCK[A":            "is not closed",
		"servise=x":         `there is no field "servise"; did you mean service?`,
		"zzzzzzzz=x":        "there are command, service, server, from_service, from_server, peer, direction and param.NAME",
		"param.=x":          "param. needs the name of a parameter",
		"direction=forward": `direction is in or out, not "forward"`,
		"command=":          "the command is empty",
	} {
		t.Run(filter, func(t *testing.T) {
			_, err := parseFilter([]string{"OK", filter})
			require.ErrorContains(t, err, want)
			require.Equal(t, toolkit.Usage, toolkit.KindOf(err))
		})
	}
}

func TestCommandIn(t *testing.T) {
	for text, want := range map[string]string{
		"STOP":                     "STOP",
		"STOP a=b/C":               "STOP",
		"cluckd/STOP":              "STOP",
		"srv:cluckd/STOP x=y z":    "STOP",
		"<a:b STOP":                "STOP",
		"<a:b srv:cluckd/STOP x=1": "STOP",
		"srv:STOP":                 "STOP",
	} {
		from, to := commandIn([]byte(text))
		require.Equal(t, want, text[from:to], text)
	}
}
