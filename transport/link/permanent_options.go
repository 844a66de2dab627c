package link

import (
	"cmp"
	"errors"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/message"
)

// Why a message of a Permanent was not delivered. Other reasons are transport.ErrClosed, when it was still in the queue at
// the end of the Permanent, or was a reply on a connection that ended, and transport.ErrTooBig, when no connection takes so
// large a one. All may come together with the cause.
var (
	// ErrExpired says that its time to live passed.
	ErrExpired = errors.New("message expired")
	// ErrDropped says that the queue was full and a newer message took its place.
	ErrDropped = errors.New("message dropped from a full queue")
	// ErrUncertain says that it was written to a connection that then broke: nobody knows whether the peer got it, and
	// so it is not sent again.
	ErrUncertain = errors.New("message may be lost with the connection")
)

// PermanentOptions of a Permanent. The zero value is useful once Dispatcher is set.
type PermanentOptions struct {
	// Options are as for other roles, but for Slow, in whose place Queue is, and HelloTimeout: it limits the wait for the
	// answer to Hello, and is 10 s if 0 while there is an answer to wait for. OnOpen and OnClose come for each connection.
	Options

	// Hello is called for each new connection: what it sends goes before anything queued. An error ends the connection.
	Hello func(l *Link) error
	// Ready sees each message until it returns true: then the queue is sent. An error ends the connection. The message
	// is dispatched as well. Nil: the queue is sent at once, or with a Heartbeat when the first message came.
	Ready func(m *message.Message) (bool, error)

	// Pauses between attempts. Empty: from MinPause, doubled until MaxPause, and shortened by chance.
	Pauses Pauses
	// MinPause is the first of the pauses that double; 0 means 1 s.
	MinPause time.Duration
	// MaxPause is the longest of them; 0 means 1 h.
	MaxPause time.Duration
	// Steady is how long a connection must be up for the pauses to begin again with the first; 0 means for as long as
	// the first pause. A peer that accepts and closes at once is so not asked more and more often.
	Steady time.Duration
	// Random returns numbers from 0 up to 1 for the pauses; nil means a good source. It is for tests.
	Random func() float64

	// Queue bounds what waits for a connection, or for one that does not take more.
	Queue Queue
	// Heartbeat finds peers that are dead.
	Heartbeat Heartbeat
	// DoubtBytes and DoubtTime say what is in doubt when a connection breaks: of the messages that the kernel has taken,
	// those that it was given less than DoubtTime ago (0 means 10 s) or that the peer's kernel has not acknowledged; but
	// only the last DoubtBytes (0 means 4 MiB) are remembered. A peer that answers the Heartbeat confirms what it was
	// sent before; then DoubtTime does not matter, and no more than DoubtBytes goes ahead of an answer. One that hands messages
	// on and says when they have left it (see Settles) has its answers in place of both; what is over DoubtBytes is counted then,
	// but not reported message by message.
	DoubtBytes int
	DoubtTime  time.Duration
	// CloseTimeout is how long Close tries to send the queue; 0 means 5 s, negative no limit.
	CloseTimeout time.Duration

	// OnUndelivered gets each message that was taken by Send and not delivered, or perhaps not, with the reason. m is
	// borrowed. It is called at the end of a turn of the loop, never from inside a call.
	OnUndelivered func(m *message.Message, why error)
	// OnState is called at the end of each turn in which the state changed, once for each change.
	OnState func(Status)
	// OnRoom is called at the end of a turn, after Send returned transport.ErrFull, when half of the queue is free.
	OnRoom func()
}

// Queue bounds the messages that wait.
type Queue struct {
	Messages   int           // 0 means 10,000
	Bytes      int           // 0 means 1 MiB
	TTL        time.Duration // of each message, unless SendTTL says otherwise; 0 means that they do not expire
	DropOldest bool          // when full, drop the oldest message; else Send returns transport.ErrFull
}

// Heartbeat asks the peer for a sign of life: ALIVE, which every service answers with ABSOLUTELY.
type Heartbeat struct {
	// Interval between questions; none is asked after one in which a message came, unless a message of ours is in doubt.
	// 0: no heartbeat.
	Interval time.Duration
	// Timeout is how long the peer may be silent after a question, whatever it says then; it is longer while a queue in
	// front of the question gets shorter. 0 means Interval.
	Timeout time.Duration
}

// State of a Permanent.
type State uint8

const (
	Connecting State = iota // an attempt is going on
	Greeting                // connected; the answer to the hello is not there yet
	Up                      // messages are sent
	Waiting                 // there is no connection; Status.Next says when the next attempt begins
	Closing                 // Close was called: the queue is being sent
	Closed                  // the end
)

func (s State) String() string {
	return [...]string{"connecting", "greeting", "up", "waiting", "closing", "closed"}[min(s, Closed)]
}

// Status tells how a Permanent is.
type Status struct {
	State    State
	Since    time.Time       // the state
	Next     time.Time       // the next attempt, while Waiting; else zero
	Attempts int             // begun since the last time the link was up for long enough
	Err      error           // why the last attempt or connection ended, also while it is up again; io.EOF: the peer closed it; nil before
	Remote   address.Address // the peer; zero without a connection
	Counts   Counts
}

// Counts of messages taken by Send. Accepted is the sum of Queued, Sent, Dropped, Expired and Abandoned.
type Counts struct {
	Accepted    uint64
	Queued      int    // waiting now, here or in the connection's queue
	QueuedBytes int    // of these, here
	Sent        uint64 // taken by the kernel
	InDoubt     int    // of these, those that would be uncertain now if the connection broke, at most
	Uncertain   uint64 // of these, those that were in doubt when their connection broke; all but what DoubtBytes left out was reported
	Unacked     uint64 // of these, those that the peer's kernel never acknowledged, where that can be known
	Dropped     uint64 // from a full queue
	Expired     uint64
	Abandoned   uint64 // at the end
}

func (o PermanentOptions) withDefaults() PermanentOptions {
	o.MinPause = cmp.Or(max(o.MinPause, 0), time.Second)
	o.MaxPause = max(cmp.Or(max(o.MaxPause, 0), time.Hour), o.MinPause)
	o.Queue.Messages = cmp.Or(max(o.Queue.Messages, 0), 10_000)
	o.Queue.Bytes = cmp.Or(max(o.Queue.Bytes, 0), 1<<20)
	o.Heartbeat.Timeout = cmp.Or(max(o.Heartbeat.Timeout, 0), o.Heartbeat.Interval)
	o.DoubtBytes = cmp.Or(max(o.DoubtBytes, 0), 4<<20)
	o.DoubtTime = cmp.Or(max(o.DoubtTime, 0), 10*time.Second)
	o.CloseTimeout = cmp.Or(o.CloseTimeout, 5*time.Second)
	return o
}

// asks says whether the peer has to say something before it is sent the queue.
func (o *PermanentOptions) asks() bool { return o.Ready != nil || o.Heartbeat.Interval > 0 }
