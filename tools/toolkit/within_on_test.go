package toolkit_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
)

// A command that ed listen --on runs has a message in variables whose names could be those of options.
func TestVariablesOfAMessageAreNoSettings(t *testing.T) {
	for _, c := range []struct{ message, want string }{{"", "from the environment"}, {"me/X", ""}} {
		w := toolkittest.New(t)
		w.Vars = map[string]string{"ED_SERVICE": "from the environment", "ED_MESSAGE": c.message, "ED_QUIET": "true"}
		command := func(env *toolkit.Env) *cli.Command {
			return env.Configure("say", &cli.Command{
				Name:  "say",
				Flags: toolkit.Flags(&cli.StringFlag{Name: "service"}),
				Action: func(ctx *cli.Context) error {
					require.Equal(t, c.want, ctx.String("service"))
					require.True(t, ctx.Bool("quiet"), "other settings count")
					return nil
				},
			}, "service")
		}
		require.NoError(t, w.Run(t.Context(), command, "say"))
	}
}

func TestMessageReaderStops(t *testing.T) {
	r := toolkit.NewMessageReader(strings.NewReader(strings.Repeat("A\n", 1000)), "test")
	_, err := r.Next(t.Context())
	require.NoError(t, err)
	r.Stop() // goleak sees a goroutine that stays
}

func TestMessageReaderSkipsEvents(t *testing.T) {
	in := `{"v":1,"event":"on","for":"X"}` + "\n" + `{"event":"kept","command":"A"}` + "\n"
	r := toolkit.NewMessageReader(strings.NewReader(in), "test")
	rec, err := r.Next(t.Context())
	require.NoError(t, err)
	require.NoError(t, rec.Err)
	require.Equal(t, "A", rec.Message.Command())
	require.Equal(t, 1, r.Skipped())
}
