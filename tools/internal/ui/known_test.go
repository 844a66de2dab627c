package ui

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/control"
)

func TestUnwatchable(t *testing.T) {
	tests := []struct {
		err  error
		kind toolkit.Kind
		hint string
	}{
		{&control.BusyError{}, toolkit.Temporary, "have to end first"},
		{&control.RefusedError{Command: "INSPECT"}, toolkit.Protocol, "is it a control socket?"},
		{control.ErrSilent, toolkit.Timeout, ""},
		{&transport.OpError{Op: "connect", Err: fs.ErrPermission}, toolkit.Permission, ""},
		{&transport.OpError{Op: "look up", Err: errors.New("no such host")}, toolkit.NoHost, ""},
		{&transport.OpError{Op: "connect", Err: fs.ErrNotExist}, toolkit.Unavailable, ""},
		{errors.New("a bad answer"), toolkit.Unavailable, ""},
	}
	for _, test := range tests {
		err := Unwatchable(fmt.Errorf("watch x: %w", test.err))
		require.Equal(t, test.kind, toolkit.KindOf(err), "%v", test.err)
		require.ErrorIs(t, err, test.err)
		require.Contains(t, toolkit.HintOf(err), test.hint)
	}
}
