package toolkittest

import (
	"errors"
	"testing"

	"github.com/ed-toolbox/ed/transport/control"
)

// Occupy takes all places at the control socket of a service, by visitors who asked for something, until release is called.
func Occupy(t testing.TB, name string) (release func()) {
	t.Helper()
	found, _ := control.Find([]string{name})
	if len(found) != 1 {
		t.Fatalf("%d services are called %s", len(found), name)
	}
	var all []*control.Client
	release = func() {
		for _, c := range all {
			c.Close()
		}
		all = nil
	}
	t.Cleanup(release)
	for {
		c, err := control.Dial(t.Context(), found[0].Addr)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
		_, err = c.Inspect(t.Context(), "tables")
		if busy := (*control.BusyError)(nil); errors.As(err, &busy) {
			return release
		}
		if err != nil || len(all) > 1000 {
			t.Fatalf("visitor %d of %s: %v", len(all), name, err)
		}
	}
}
