package transport

import "time"

// Stats counts what a connection did.
type Stats struct {
	BytesIn, BytesOut uint64 // BytesOut: of those that Write took, as far as is known (see Acknowledger)
	Reads, Writes     uint64 // system calls that moved bytes
	Queued            int    // bytes waiting to be written now
	HighWater         int    // most bytes that ever waited
	Truncated         uint64 // packets longer than MaxPacketIn: dropped
	Opened            time.Time
}
