package address_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ed-toolbox/ed/core/address"
)

// checkCanonical is the property of everything Parse accepts: its text reads back to itself, whatever the defaults.
func checkCanonical(t require.TestingT, a address.Address) {
	for _, d := range []address.Defaults{{}, {Scheme: address.UnixGram, Port: 7}, {Scheme: address.Exec, Host: "other"}} {
		again, err := address.Parse(a.String(), d)
		require.NoError(t, err)
		require.True(t, again == a, "%#v printed as %q read as %#v", a, a.String(), again)
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range good {
		f.Add(c.text, uint8(c.defaults.Scheme), c.defaults.Port, c.defaults.NoLookup)
	}
	for _, c := range bad {
		f.Add(c.text, uint8(c.defaults.Scheme), c.defaults.Port, c.defaults.NoLookup)
	}
	f.Fuzz(func(t *testing.T, s string, scheme uint8, port uint16, noLookup bool) {
		d := address.Defaults{Scheme: address.Scheme(scheme % 9), Port: port, NoLookup: noLookup}
		a, err := address.Parse(s, d)
		if err != nil {
			var pe *address.ParseError
			require.ErrorAs(t, err, &pe)
			require.NotEmpty(t, pe.Reason)
			return
		}
		require.NotEqual(t, address.None, a.Scheme)
		checkCanonical(t, a)
		if noLookup {
			require.False(t, a.NeedsLookup())
		}
	})
}

func TestCanonicalProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		scheme := address.Scheme(rapid.IntRange(int(address.TCP), int(address.Exec)).Draw(t, "scheme"))
		var a address.Address
		switch {
		case scheme.IsIP():
			raw := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "ip")
			ip := netip.AddrFrom16([16]byte(raw))
			if rapid.Bool().Draw(t, "four") {
				ip = netip.AddrFrom4([4]byte(raw[:4]))
			} else if zone := rapid.StringMatching(`([a-z0-9.@-]{1,15})?`).Draw(t, "zone"); zone != "" && !ip.Is4In6() {
				ip = ip.WithZone(zone)
			}
			a = address.FromAddrPort(scheme, netip.AddrPortFrom(ip, rapid.Uint16().Draw(t, "port")))
		default:
			a = address.FromUnix(scheme, rapid.StringMatching(`[/@]?[/a-z:%@ .\[\]]{0,40}[a-z]`).Draw(t, "path"))
		}
		checkCanonical(t, a)
	})
}
