package delta

import (
	"context"
	"fmt"
	"sync"
)

// Queue is the DeltaFIFO: deltas go in at one end, in the order in which they happened, and come out at the other in batches. It
// never reorders, merges or drops anything but bookmarks that follow each other. Any number of goroutines may push; one pops.
//
// It is bounded in bytes: a push into a full queue waits, and so, through the connection, does the server.
type Queue struct {
	maxBytes int

	mu      sync.Mutex // owns the rest
	items   []Delta    // items[head:] are queued
	head    int
	bytes   int    // of what is queued and of the batch being applied
	batch   int    // the size of the batch being applied, in deltas
	weight  int    // and in bytes
	pushed  uint64 // deltas taken so far
	applied uint64 // deltas applied so far

	more     chan struct{} // has room for one: something was pushed
	progress chan struct{} // closed, and made anew, when a batch was applied; nil: nobody waits
}

// Limits of a queue.
const (
	// MaxBatch is the largest number of deltas in a batch.
	MaxBatch = 1000
	// DefaultMaxBytes is the bound of a queue, in bytes on the wire.
	DefaultMaxBytes = 8 << 20
)

// Options refines a Queue.
type Options struct {
	// MaxBytes bounds what is queued, in bytes on the wire. A single delta, such as a full state, may be larger. 0: DefaultMaxBytes.
	MaxBytes int
}

// New returns an empty queue.
func New(opts Options) *Queue {
	if opts.MaxBytes <= 0 {
		opts.MaxBytes = DefaultMaxBytes
	}
	return &Queue{maxBytes: opts.MaxBytes, more: make(chan struct{}, 1)}
}

// Push appends a delta. It waits while the queue is full, and fails only with the context's cause.
func (q *Queue) Push(ctx context.Context, d Delta) error {
	q.mu.Lock()
	for q.bytes > 0 && q.bytes+weight(&d) > q.maxBytes {
		if err := q.wait(ctx); err != nil {
			return err
		}
	}
	defer q.mu.Unlock()
	if d.Type == Bookmark && d.ResourceVersion == "" {
		return nil
	}
	if last := len(q.items) - 1; d.Type == Bookmark && last >= q.head && q.items[last].Type == Bookmark && q.items[last].Scope == d.Scope {
		q.items[last] = d
		return nil
	}
	q.closeUp()
	q.items = append(q.items, d)
	q.bytes += weight(&d)
	q.pushed++
	select {
	case q.more <- struct{}{}:
	default:
	}
	return nil
}

// closeUp moves what is queued to the front when there is no room behind it and at least as much before it: a queue that is never empty
// would grow for ever. mu is held.
func (q *Queue) closeUp() {
	if len(q.items) < cap(q.items) || q.head < len(q.items)-q.head {
		return
	}
	n := copy(q.items, q.items[q.head:])
	clear(q.items[n:])
	q.items, q.head = q.items[:n], 0
}

// overhead is what a delta weighs beside its object.
const overhead = 64

func weight(d *Delta) int {
	w := overhead + d.Size
	for i := range d.Items {
		w += d.Items[i].Size
	}
	return w
}

// wait waits, with mu held, until a batch has been applied. When it fails, mu is no longer held.
func (q *Queue) wait(ctx context.Context) error {
	if q.progress == nil {
		q.progress = make(chan struct{})
	}
	progress := q.progress
	q.mu.Unlock()
	select {
	case <-progress:
		q.mu.Lock()
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Pop waits for deltas and moves the next batch into a buffer, which it returns: between 1 and MaxBatch deltas, or one Replaced
// alone. Done must be called before the next Pop. It fails only with the context's cause.
func (q *Queue) Pop(ctx context.Context, buffer []Delta) ([]Delta, error) {
	for {
		if batch := q.take(buffer[:0]); len(batch) > 0 {
			return batch, nil
		}
		select {
		case <-q.more:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (q *Queue) take(batch []Delta) []Delta {
	q.mu.Lock()
	defer q.mu.Unlock()
	queued := q.items[q.head:]
	n := 0
	for n < len(queued) && n < MaxBatch {
		if queued[n].Type == Replaced {
			n = max(n, 1)
			break
		}
		n++
	}
	for i := range n {
		q.weight += weight(&queued[i])
	}
	batch = append(batch, queued[:n]...)
	clear(queued[:n])
	q.batch = n
	if q.head += n; q.head == len(q.items) {
		q.items, q.head = q.items[:0], 0
		if cap(q.items) > 4*MaxBatch {
			q.items = nil
		}
	}
	return batch
}

// Done says that the last batch has been applied.
func (q *Queue) Done() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.applied += uint64(q.batch)
	q.bytes -= q.weight
	q.batch, q.weight = 0, 0
	if q.progress != nil {
		close(q.progress)
		q.progress = nil
	}
}

// Flush waits until all that was pushed before the call has been applied. It fails only with the context's cause.
func (q *Queue) Flush(ctx context.Context) error {
	q.mu.Lock()
	for target := q.pushed; q.applied < target; {
		if err := q.wait(ctx); err != nil {
			return err
		}
	}
	q.mu.Unlock()
	return nil
}

// Len returns how many deltas are queued or being applied, and their weight in bytes.
func (q *Queue) Len() (deltas, bytes int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.items) - q.head + q.batch, q.bytes
}

// check verifies the queue's invariants.
func (q *Queue) check() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	bytes, deltas := q.weight, q.batch
	for i := q.head; i < len(q.items); i++ {
		d := &q.items[i]
		bytes += weight(d)
		deltas++
		if (d.Type == Replaced) != (d.Items != nil) {
			return fmt.Errorf("delta %d is %s and has items: %t", i, d.Type, d.Items != nil)
		}
	}
	for i := range q.head {
		if q.items[i].Type != 0 {
			return fmt.Errorf("delta %d was popped and is still there", i)
		}
	}
	if bytes != q.bytes {
		return fmt.Errorf("the queue counts %d bytes and has %d", q.bytes, bytes)
	}
	if uint64(deltas) != q.pushed-q.applied {
		return fmt.Errorf("the queue counts %d deltas and has %d", q.pushed-q.applied, deltas)
	}
	if q.batch == 0 && bytes > q.maxBytes && deltas > 1 {
		return fmt.Errorf("%d deltas of %d bytes exceed the bound of %d", deltas, bytes, q.maxBytes)
	}
	return nil
}
