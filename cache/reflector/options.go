package reflector

import (
	"math/rand/v2"
	"time"
)

// Options refines a Reflector. The zero value is what the Kubernetes API wants.
type Options struct {
	// PageSize is the number of objects a page where lists are read in pages. 0: pages of 500 at most, and the server is left free to
	// answer from its cache in one piece, which costs it least. Any other value asks for pages of that size of the newest state.
	PageSize int64
	// NoStreaming never asks for the initial state as a stream, but lists.
	NoStreaming bool
	// Streams is what is known of the server's streams of the initial state, to be shared by the reflectors of one resource. Where they were found
	// to fail, lists are read. nil: this reflector finds out by itself.
	Streams *Streams
	// Progress is how long a list or a stream of the initial state may bring nothing new. 0: 30 s. Lists that were given up get twice as long
	// the next time, up to eight times this.
	Progress time.Duration
	// Backoff says how long to wait after failures. nil: DefaultBackoff.
	Backoff Backoff
	// Random returns a number from 0 to below n, for the jitter of waits and time-outs; it may be called from several goroutines. nil: a
	// different one each time. Tests set it to repeat themselves.
	Random func(n int64) int64
	// OnFailure is called with each failure, from the goroutine of Run, before the wait that follows it. It should return soon.
	OnFailure func(*Failure)
}

const (
	defaultPageSize = 500
	defaultProgress = 30 * time.Second
	maxStretch      = 3 // doublings of Progress
)

func (o Options) withDefaults() Options {
	if o.Progress <= 0 {
		o.Progress = defaultProgress
	}
	if o.Streams == nil {
		o.Streams = &Streams{}
	}
	if o.Random == nil {
		o.Random = rand.Int64N
	}
	if o.Backoff == nil {
		o.Backoff = func(failures int) time.Duration { return spread(backoffFor(failures), o.Random) }
	}
	return o
}
