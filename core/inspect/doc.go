// Package inspect describes what runs: as tables for those who look from time to time, and as a live trace of every message
// for those who watch. It is the content of the protocol of control sockets; transport/control carries it.
//
// # Use
//
// Whoever has something to show adds a [Table] to the [Catalog]: a name, columns that say what they mean, and a function
// that writes rows. An INSPECT message becomes a [Snapshot], which sends
//
//	TABLE columns=link:label::key,peer:label:,bytes_in:counter:bytes;table=links;time=…;title=…
//	ROW bytes_in=4711;link=3;peer=tcp://10.0.0.7:51324;table=links
//	TABLE_END rows=1;table=links
//
// in pieces, so that the loop is not stopped by a table of a hundred thousand rows. A [SheetReader] puts the messages
// together again.
//
// A [Tracer] hangs on the trace hook of a dispatcher while there is a [Watcher], made of a WATCH message, or somebody
// looks at the counts of its [Meter]. Each watcher has a [Filter], which is asked before anything else is done, and a
// bounded queue of the lines
//
//	TRACE direction=in;handler=LOG;link=3;message="journal/LOG text=a";mono=93127.5;outcome=handled;peer=…;seq=7;time=…;took=0.0001;watch=1
//	LOST slow=12;total=12;watch=1
//
// A message is shown to a watcher or counted in a LOST in its place, never silently missing.
//
// # Secrets
//
// The value of a parameter for whose name [secret.Is] holds never leaves the process, whatever a watcher asks for; nor does
// what stands behind such a word in a line that is no message, nor the text of an error that may quote it.
//
// # Threads
//
// Everything belongs to one goroutine, the loop's, but Filter, which may be used from any, and SheetReader and Record,
// which belong to their receiver.
//
// # Errors
//
// [*FilterError] says what is wrong with a filter, [*message.ParamError] with a parameter of INSPECT and WATCH.
//
// # Limits
//
// A watcher's queue holds 1 MiB, a record 16 KiB of values, and 20,000 records a second are made for each watcher, unless
// WatchOptions say otherwise: what is over that is dropped and counted, and costs the watched process next to nothing.
// The meter counts 200 commands, 2,000 handlers and 100,000 links apart.
package inspect
