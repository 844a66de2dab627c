package toolkittest

import (
	"os"
	"testing"
	"time"
)

// Release opens both ends of a FIFO, for who waits for one of them, or will in a moment: a goroutine that was given up may
// not have come to that yet. So they stay open while the tests last.
func Release(t testing.TB, fifo string) {
	t.Helper()
	f, err := os.OpenFile(fifo, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(time.Hour, func() { _ = f.Close() })
}
