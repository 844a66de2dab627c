package transport

import "time"

// Stats counts what a connection did.
type Stats struct {
	BytesIn       uint64 // read, also what nobody was given any more, because of Close
	BytesOut      uint64 // of those that Write took, gone as far as is known (see Acknowledger)
	Reads, Writes uint64 // system calls that moved bytes
	Queued        int    // bytes waiting to be written now
	HighWater     int    // most bytes that ever waited
	Truncated     uint64 // packets longer than MaxPacketIn: dropped
	Opened        time.Time
}
