package events

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/rest"
)

// The two types of events.
const (
	Normal  = corev1.EventTypeNormal
	Warning = corev1.EventTypeWarning
)

// Options refine a Recorder. Only Controller is required.
type Options struct {
	// Controller names who records, as a qualified name: "example.com/widgets".
	Controller string
	// Instance names the process, such as the pod's name. Default: the Controller.
	Instance string
	// CoreV1 writes Events of the core group, as old tools expect them, instead of events.k8s.io/v1.
	CoreV1 bool
	// Queue is how many events may wait to be written. Default: 1000.
	Queue int
	// Burst and Refill bound the new events about one object: Burst at once, then one each Refill. Repetitions do not count.
	// Default: 25, and five minutes.
	Burst  int
	Refill time.Duration
	// Similar and SimilarWithin bound the Events that differ in nothing but their text (same object, type, reason and action): what follows so
	// many within that time is counted in one Event that stands for all that are like it. Default: 10, and ten minutes.
	Similar       int
	SimilarWithin time.Duration
	// SeriesEnd is how long after its last repetition an event begins anew. Default: six minutes.
	SeriesEnd time.Duration
	// SeriesInterval is the least time between two writes of one event's count, after the first two. Default: 30 s.
	SeriesInterval time.Duration
	// Flush bounds the time that Run takes to write what waits when its context ends. Default: 5 s.
	Flush time.Duration

	remember int // how many series, limits and crowds are kept in mind. Default: 4096
}

func (o Options) withDefaults() Options {
	if o.Instance == "" {
		o.Instance = o.Controller
	}
	orDefault(&o.Queue, 1000)
	orDefault(&o.Burst, 25)
	orDefault(&o.Refill, 5*time.Minute)
	orDefault(&o.Similar, 10)
	orDefault(&o.SimilarWithin, 10*time.Minute)
	orDefault(&o.SeriesEnd, 6*time.Minute)
	orDefault(&o.SeriesInterval, 30*time.Second)
	orDefault(&o.Flush, 5*time.Second)
	orDefault(&o.remember, 4096)
	return o
}

func orDefault[N int | time.Duration](n *N, standard N) {
	if *n <= 0 {
		*n = standard
	}
}

// Stats counts what became of the events so far. When Run has returned, each recorded one is in an Event on the server, or dropped, or waits. Of
// those that failed some may be on the server nevertheless: it wrote them, but its answer was lost.
type Stats struct {
	Recorded    int64 // calls of Eventf
	Waiting     int64 // in the queue, which a Run that has returned leaves to the next one
	Written     int64 // requests that created an Event or updated its count
	Repeated    int64 // counted in an Event that there was
	Combined    int64 // differed from too many in their text only, and went to the Event that stands for all of them
	QueueFull   int64 // dropped: too many waited
	RateLimited int64 // dropped: too many about one object
	Failed      int64 // dropped: the server refused them, or did not confirm them for too long
}

// Dropped is how many events were lost, for whatever reason.
func (s Stats) Dropped() int64 { return s.QueueFull + s.RateLimited + s.Failed }

// Recorder records events. Its methods may be called concurrently.
type Recorder struct {
	options Options
	sink    sink
	queue   chan note

	recorded, written, repeated, combined, queueFull, rateLimited, failed atomic.Int64
}

// New returns a recorder that writes with the client. It starts nothing: events wait until Run is called. It panics if the
// options name no Controller, which the API requires.
func New(client *rest.Client, options Options) *Recorder {
	if options.Controller == "" {
		panic("events.New: Options.Controller is empty")
	}
	options = options.withDefaults()
	r := &Recorder{options: options, queue: make(chan note, options.Queue)}
	if options.CoreV1 {
		r.sink = newLegacy(client, options)
	} else {
		r.sink = newModern(client, options)
	}
	return r
}

// note is one recorded event.
type note struct {
	story
	text string
	at   time.Time
}

// story is what makes two events the same; a second one is a repetition, whatever version its object has by then.
type story struct {
	regarding, related            reference
	kind, reason, action, message string
	stands                        bool // for all that are like it, whatever their message
}

// reference names an object.
type reference struct {
	apiVersion, kind, namespace, name string
	uid                               types.UID
}

// Limits of the API on what an event says, in bytes.
const (
	maxMessage = 1024
	maxWord    = 128
)

// Eventf records that something happened to an object: kind is Normal or Warning, reason a word in CamelCase that says why, action one
// that says what was done or tried, and the note a sentence for people, formatted like fmt.Sprintf. Related, which may be nil, is a second
// object that had a part in it. What is too long for the API is cut. It never blocks; a recorder whose queue is full drops the event.
func (r *Recorder) Eventf(regarding, related resource.Object, kind, reason, action, format string, args ...any) {
	r.recorded.Add(1)
	text := cut(fmt.Sprintf(format, args...), maxMessage)
	n := note{at: time.Now(), text: text, story: story{
		regarding: refer(regarding), related: refer(related), kind: kind,
		reason: cut(reason, maxWord), action: cut(action, maxWord), message: text,
	}}
	select {
	case r.queue <- n:
	default:
		r.queueFull.Add(1)
	}
}

func refer(o resource.Object) reference {
	if o == nil {
		return reference{}
	}
	apiVersion, kind := o.GetObjectKind().GroupVersionKind().ToAPIVersionAndKind()
	return reference{apiVersion: apiVersion, kind: kind, namespace: o.GetNamespace(), name: o.GetName(), uid: o.GetUID()}
}

// cut shortens a text to so many bytes without splitting a character.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && text[most]&0xc0 == 0x80 {
		most--
	}
	return text[:most]
}

// Stats returns the counts so far.
func (r *Recorder) Stats() Stats {
	return Stats{
		Recorded: r.recorded.Load(), Waiting: int64(len(r.queue)),
		Written: r.written.Load(), Repeated: r.repeated.Load(), Combined: r.combined.Load(),
		QueueFull: r.queueFull.Load(), RateLimited: r.rateLimited.Load(), Failed: r.failed.Load(),
	}
}

// Run writes events until the context ends, then writes what still waits, for Options.Flush at most, and returns. It may be called again.
func (r *Recorder) Run(ctx context.Context) {
	writing, giveUp := context.WithCancel(context.WithoutCancel(ctx)) // what is being written when ctx ends is written
	over := make(chan struct{})
	var deadline sync.WaitGroup
	deadline.Go(func() { after(ctx, over, r.options.Flush, giveUp) })
	defer deadline.Wait()
	defer close(over)

	w := newWriter(r)
	tick := time.NewTicker(r.options.SeriesInterval)
	defer tick.Stop()
	for {
		select {
		case n := <-r.queue:
			w.take(writing, n)
		case <-tick.C:
			w.sweep(writing, time.Now())
		case <-ctx.Done():
			w.flush(writing)
			return
		}
	}
}

// after calls stop when it is over or, if that is sooner, some time after ctx has ended.
func after(ctx context.Context, over <-chan struct{}, d time.Duration, stop func()) {
	defer stop()
	select {
	case <-over:
		return
	case <-ctx.Done():
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-over:
	case <-t.C:
	}
}
