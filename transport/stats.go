package transport

import "time"

// Stats counts what a connection did.
type Stats struct {
	BytesIn, BytesOut uint64 // BytesOut are those of Write; after the end no byte behind them can have reached the peer
	Reads, Writes     uint64 // system calls that moved bytes
	Queued            int    // bytes waiting to be written now
	HighWater         int    // most bytes that ever waited
	Opened            time.Time
}
