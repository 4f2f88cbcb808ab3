package reflector

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/sheaf-dev/sheaf/internal/decode"
)

// stream is one watch, from its request to its end.
type stream struct {
	r        *Reflector
	ctx      context.Context // of the informer
	dog      *watchdog
	state    state
	started  time.Time
	beat     time.Time // when the last bookmark came, or the watch began
	beaten   bool      // there was a bookmark
	accepted bool
	advanced bool
	last     string // the last version seen
}

// early is how soon a watch may end without being suspect.
const early = time.Second

// watch follows one watch until it ends. It may begin as a stream of the initial state.
func (r *Reflector) watch(ctx context.Context, s state) (state, outcome, error) {
	now := time.Now()
	w := &stream{r: r, ctx: ctx, state: s, started: now, beat: now, last: s.version}
	requestCtx, dog := newWatchdog(ctx, r.opts.Progress, fmt.Errorf("%w for %v", errStalled, r.opts.Progress))
	defer dog.stop()
	w.dog = dog

	err := because(requestCtx, w.follow(requestCtx))
	if w.accepted {
		r.board.watched(time.Since(w.started))
	}
	o := w.outcome(err)
	if err == io.EOF {
		err = w.endError(o.class)
	}
	if errors.Is(err, errSilent) && !w.beaten {
		r.pulse = pulse{} // this server sends no bookmarks, whatever another one did
	}
	if w.state.phase == Watching {
		version, flushErr := r.sink.Flush(ctx)
		if flushErr != nil {
			return w.state, outcome{class: Cut}, flushErr
		}
		o.version = version
	}
	return w.state, o, err
}

// outcome says what an end means. io.EOF is the good one.
func (w *stream) outcome(err error) outcome {
	o := outcome{class: classify(err), accepted: w.accepted, advanced: w.advanced, beaten: w.beaten, early: time.Since(w.started) < early}
	if err != io.EOF {
		return o
	}
	switch {
	case w.state.phase == Streaming && time.Since(w.started) >= w.r.opts.Progress:
		o.class = Stalled // it had time enough
	case w.state.phase == Streaming:
		o.class = Cut
	case o.early && !o.advanced:
		o.class = Short
	default:
		o.class = None
	}
	return o
}

// endError is the error that a watch's good end is, if it is one.
func (w *stream) endError(class Class) error {
	switch class {
	case None:
		return nil
	case Short:
		return errShort
	default:
		return errNoEnd
	}
}

// follow opens the watch and takes its events until an error ends it.
func (w *stream) follow(ctx context.Context) error {
	if w.state.phase == Streaming {
		w.r.begin()
	}
	watcher, err := w.r.source.Watch(ctx, w.state.watchOptions(w.r.opts.Random))
	if err != nil {
		return err
	}
	defer watcher.Close()
	defer context.AfterFunc(ctx, watcher.Close)()
	w.accepted = true
	if w.state.phase == Watching {
		w.settle()
	}
	w.dog.hungry(time.Now(), true)
	for {
		event, err := watcher.Next()
		if err != nil {
			return err
		}
		w.dog.fed()
		progress, err := w.take(event, time.Now())
		if err != nil {
			return err
		}
		w.dog.hungry(time.Now(), progress)
	}
}

// settle makes the watchdog one of a running watch.
func (w *stream) settle() {
	w.r.pauses.succeeded(time.Now())
	patience := w.r.pulse.patience()
	w.dog.expect(patience, fmt.Errorf("%w for %v", errSilent, patience))
	w.resolve()
}

// resolve sees to it that the full state is read when there is doubt.
func (w *stream) resolve() {
	if due := w.r.doubt.due; !due.IsZero() {
		w.dog.endAt(due, errNameless)
	}
}

// take handles one event, and says whether it counts as progress.
func (w *stream) take(event decode.Event, now time.Time) (progress bool, err error) {
	if event.Type == watch.Error {
		return false, &apierrors.StatusError{ErrStatus: *event.Status}
	}
	if event.ResourceVersion != "" && event.ResourceVersion != w.last {
		w.last, w.advanced = event.ResourceVersion, true
	}
	if event.Type == watch.Bookmark {
		w.r.board.bookmark.Store(now.UnixNano())
		w.r.board.bookmarks.Add(1)
	} else {
		w.r.board.event.Store(now.UnixNano())
	}
	if event.Skipped {
		return w.pass(event)
	}
	if event.Type != watch.Bookmark && event.Err == nil {
		event.Err = identified(event.Object)
	}
	if w.state.phase == Streaming {
		return w.takeInitial(event)
	}
	switch {
	case event.Type == watch.Bookmark:
		w.bookmark(now)
	case event.Err.Nameless():
		w.r.doubt.raise(now, w.r.opts.Random)
		w.resolve()
	}
	return true, w.r.sink.Change(w.ctx, event)
}

// pass moves the resume point past an object that the source has left out.
func (w *stream) pass(event decode.Event) (progress bool, err error) {
	if w.state.phase == Streaming || event.ResourceVersion == "" {
		return true, nil
	}
	return true, w.r.sink.Change(w.ctx, decode.Event{Type: watch.Bookmark, ResourceVersion: event.ResourceVersion})
}

// takeInitial handles an event of the initial state. Only objects that are new count as progress: a server that does not know how to
// end the initial state still sends changes.
func (w *stream) takeInitial(event decode.Event) (progress bool, err error) {
	if event.Type != watch.Bookmark {
		w.r.doubt.fresh = w.r.doubt.fresh || event.Err.Nameless()
		if w.r.pending.Change(event) {
			w.r.board.read.Add(1)
			return true, nil
		}
		return false, nil
	}
	if !event.InitialEventsEnd {
		return false, nil
	}
	if err := w.r.complete(w.ctx, w.state, event.ResourceVersion); err != nil {
		return false, err
	}
	w.state = w.state.after(outcome{version: event.ResourceVersion})
	w.r.board.enter(w.state)
	w.beat = time.Now()
	w.settle()
	return true, nil
}

// bookmark measures the time between bookmarks.
func (w *stream) bookmark(now time.Time) {
	w.r.pulse = w.r.pulse.beat(now.Sub(w.beat))
	w.beat, w.beaten = now, true
	w.settle()
}

// watchOptions are the parameters of a watch.
func (s state) watchOptions(random func(int64) int64) metav1.ListOptions {
	timeout := 300 + random(300)
	opts := metav1.ListOptions{ResourceVersion: s.version, AllowWatchBookmarks: true, TimeoutSeconds: &timeout}
	if s.phase == Streaming {
		initial := true
		opts.SendInitialEvents = &initial
		opts.ResourceVersionMatch = metav1.ResourceVersionMatchNotOlderThan
		if s.newest {
			opts.ResourceVersion = ""
		}
	}
	return opts
}
