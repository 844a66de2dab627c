package tail

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/transport"
)

// linger is how long we wait at the end for the peer to close, too: closing with replies unread would have the system tell the
// peer that the connection broke.
const linger = time.Second

// player plays a recording. It belongs to one goroutine.
type player struct {
	replayOptions
	env     *toolkit.Env
	out     *toolkit.Output
	session toolkit.Session // nil with --dry-run
	pace    pacer
	show    printer
	line    []byte

	played  int
	bad     int
	skipped int // reports of broken lines

	replies atomic.Int64
	drained chan struct{} // closed when the peer sends no more
}

// replay plays as often as it is told to.
func replay(ctx context.Context, env *toolkit.Env, o replayOptions) error {
	p := &player{replayOptions: o, env: env, out: env.Output(o.Common), pace: pacer{speed: o.speed, maxGap: o.maxGap}}
	p.show = printer{stamps: "none", terminal: env.Stdout.TTY, paint: p.out.Paint}
	if o.Timeout > 0 {
		limited, cancel := context.WithTimeoutCause(ctx, o.Timeout, toolkit.Errorf(toolkit.Timeout, "the recording did not end within %s", o.Timeout))
		defer cancel()
		ctx = limited
	}
	in, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer func() { in.Close() }()
	if !o.dryRun {
		if err := p.dial(ctx); err != nil {
			return err
		}
		p.out.Detail(1, "connected to %s", o.target)
	}
	began := time.Now()
	for n := 0; err == nil && (o.loops == 0 || n < o.loops) && !p.enough(); n++ {
		if n > 0 {
			in.Close()
			if in, err = p.open(ctx); err != nil {
				break
			}
		}
		before := p.played
		err = p.play(ctx, in)
		if err == nil && p.played == before {
			break // nothing in it to play: for ever would be busy doing nothing
		}
	}
	err = p.hangUp(ctx, err)
	p.say(time.Since(began))
	if err == nil && p.bad > 0 {
		return toolkit.Errorf(toolkit.Data, "%s not sent", toolkit.Plural(p.bad, "bad line"))
	}
	return err
}

// open opens the recording, a FIFO when somebody writes to it or ctx ends.
func (p *player) open(ctx context.Context) (io.ReadCloser, error) {
	if p.path == "-" {
		return io.NopCloser(p.env.Stdin), nil
	}
	return toolkit.OpenFile(ctx, p.path, os.O_RDONLY, 0) // also without a file, what is returned may be closed
}

func (p *player) dial(ctx context.Context) (err error) {
	o := toolkit.DialOptions{MaxLine: p.maxLine, Group: p.group}
	if p.target.Scheme == address.UDP {
		o.MaxPacket = p.maxDatagram
	}
	if p.session, err = p.env.Dial(ctx, p.target, o); ctx.Err() != nil {
		err = toolkit.About(err, "connect %s", p.target) // it is the cause of ctx, which knows of no address
	}
	if err != nil {
		return err
	}
	if !p.target.IsDatagram() {
		p.drained = make(chan struct{})
		go p.drain()
	}
	return nil
}

// drain takes the replies, which nobody wants: a peer whose replies are not read may stop reading, too. It ends with the
// session.
func (p *player) drain() {
	defer close(p.drained)
	for {
		if _, err := p.session.Next(context.Background()); err != nil {
			return
		}
		p.replies.Add(1)
	}
}

func (p *player) enough() bool { return p.count > 0 && p.played >= p.count }

// play plays the recording once.
func (p *player) play(ctx context.Context, in io.Reader) error {
	if b, ok := p.session.(interface{ Abort(error) }); ok { // a peer that does not read must not hold up Ctrl-C
		defer context.AfterFunc(ctx, func() { b.Abort(context.Cause(ctx)) })()
	}
	r := toolkit.NewMessageReader(in, p.source())
	defer func() {
		r.Stop()
		p.skipped += r.Skipped()
	}()
	p.pace.rewind()
	for !p.enough() {
		rec, err := r.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if rec.Err == nil && !p.wanted(&rec) {
			continue
		}
		if err := p.take(ctx, &rec); err != nil {
			return err
		}
	}
	return nil
}

func (p *player) wanted(rec *toolkit.Record) bool {
	if rec.Direction != "" && p.direction != "all" && rec.Direction != p.direction {
		return false
	}
	return p.filter.match(rec.Message, rec.Peer, rec.Direction == "out")
}

// take sends one line when it is due.
func (p *player) take(ctx context.Context, rec *toolkit.Record) error {
	if rec.Err != nil {
		return p.reject(rec.Err)
	}
	if err := p.pace.wait(ctx, rec.Time); err != nil {
		return err
	}
	if p.session == nil {
		if err := p.print(rec); err != nil {
			return err
		}
		p.played++
		return nil
	}
	err := p.session.Send(rec.Message)
	switch {
	case err == nil:
		p.played++
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, transport.ErrTooBig) && p.target.IsStream():
		err = p.at(rec, fmt.Errorf("longer than the %d bytes of a line", p.maxLine))
		return p.reject(toolkit.WithHint(err, "--max-line allows more, if the receiver does"))
	case toolkit.KindOf(err) == toolkit.Data:
		return p.reject(p.at(rec, err))
	default:
		return p.lost(err)
	}
	if p.target.IsDatagram() {
		if err := p.session.Settle(0); err != nil {
			return p.lost(err)
		}
	}
	return nil
}

// source names the recording in errors.
func (p *player) source() string {
	if p.path == "-" {
		return "standard input"
	}
	return p.path
}

// at says where a line is wrong that could be read, but not sent.
func (p *player) at(rec *toolkit.Record, err error) error {
	return toolkit.As(toolkit.Data, &toolkit.LineError{Source: p.source(), Line: rec.Line, Err: err})
}

// reject passes over a bad line, if that is wanted.
func (p *player) reject(err error) error {
	if !p.keepGoing {
		return err
	}
	p.bad++
	p.out.Warn("%s", toolkit.Escape(err.Error()))
	return nil
}

func (p *player) lost(err error) error {
	if kind := toolkit.KindOf(err); kind == toolkit.Other || errors.Is(err, io.EOF) {
		err = toolkit.As(toolkit.Unavailable, err)
	}
	return toolkit.About(err, "lost %s after %s", p.target, toolkit.Plural(p.played, "message"))
}

// print is --dry-run.
func (p *player) print(rec *toolkit.Record) error {
	text, err := rec.Message.AppendText(nil) // what can be received need not be possible to send: a server without a service
	if err == nil && p.JSON {
		p.line, err = toolkit.AppendMessage(p.line[:0], rec.Message, toolkit.Traffic{})
	} else {
		p.line = p.show.appendMessage(p.line[:0], text)
	}
	if err != nil {
		return p.reject(p.at(rec, err))
	}
	if p.show.terminal && p.JSON {
		p.line = toolkit.EscapeJSON(p.line)
	}
	return p.out.Raw(append(p.line, '\n'))
}

// hangUp ends the session in good order. err is why, nil when all was played.
func (p *player) hangUp(ctx context.Context, err error) error {
	if p.session == nil {
		return err
	}
	if err == nil && p.drained != nil {
		if p.session.CloseWrite() == nil { // else the peer has gone, which Close tells
			timer := time.NewTimer(linger)
			defer timer.Stop()
			select {
			case <-p.drained:
			case <-timer.C:
			case <-ctx.Done():
			}
		}
	}
	closing := p.session.Close()
	if p.drained != nil {
		<-p.drained
	}
	switch {
	case err != nil:
		return err
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case closing != nil:
		return p.lost(closing)
	}
	return nil
}

// say tells what was played, and how well the times were kept.
func (p *player) say(took time.Duration) {
	if p.dryRun {
		return
	}
	timing := "without pauses"
	if p.speed > 0 {
		timing = fmt.Sprintf("at %gx, late by %s on average and %s at most", p.speed, toolkit.Short(p.pace.late.mean()), toolkit.Short(p.pace.late.worst))
	}
	p.out.Say("played %s to %s in %s %s%s%s", toolkit.Plural(p.played, "message"), p.target, toolkit.Short(took), timing,
		toolkit.Optional(p.replies.Load(), "; replies: %d"), toolkit.Optional(p.skipped, "; reports of broken lines passed over: %d"))
}
