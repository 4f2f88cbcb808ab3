package fake

import (
	"context"
	"errors"
	"io"
	"strconv"
	"sync"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/internal/decode"
)

// watcher is one open watch: a cursor in the history.
type watcher struct {
	c       *Collection
	in      string // the namespace; "": all
	at      int    // the version that has been sent
	begun   int    // the number of the last bookmark that has been sent
	initial []*v1.ConfigMap
	end     bool // the end of the initial events is still to be sent
	once    sync.Once
	closed  chan struct{}
	err     error // set by End; owned by the collection's lock
}

// Watch is that of reflector.ListerWatcher.
func (c *Collection) Watch(ctx context.Context, opts metav1.ListOptions) (reflector.Watcher, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watches = append(c.watches, opts)
	if c.Faults.Watch != nil {
		if err := c.Faults.Watch(opts); err != nil {
			return nil, err
		}
	}
	streaming := opts.SendInitialEvents != nil && *opts.SendInitialEvents
	version, err := c.atLeast(opts.ResourceVersion, !streaming)
	if future, bad := strconv.Atoi(opts.ResourceVersion); c.PatientWatch && !streaming && bad == nil && future > c.version {
		version, err = future, nil
	}
	if err != nil {
		return nil, err
	}
	w := &watcher{c: c, in: opts.FieldSelector, at: version, closed: make(chan struct{})}
	if streaming || opts.ResourceVersion == "" || opts.ResourceVersion == "0" {
		w.at, w.initial = c.version, c.selected(w.in)
		w.end = streaming && (c.NoEnd == nil || !c.NoEnd())
	}
	w.begun = c.bookmarks
	c.open[w] = struct{}{}
	return w, nil
}

// Close ends the watch.
func (w *watcher) Close() {
	w.once.Do(func() {
		close(w.closed)
		w.c.mu.Lock()
		defer w.c.mu.Unlock()
		delete(w.c.open, w)
	})
}

// Next returns the next event.
func (w *watcher) Next() (decode.Event, error) {
	for {
		event, changed, err := w.faulty()
		if err != nil {
			return decode.Event{}, err
		}
		if changed == nil {
			return event, nil
		}
		select {
		case <-changed:
		case <-w.closed:
			return decode.Event{}, errors.New("the watch was closed")
		}
	}
}

// faulty is next, with the fault of the event.
func (w *watcher) faulty() (decode.Event, <-chan struct{}, error) {
	w.c.mu.Lock()
	defer w.c.mu.Unlock()
	event, changed, err := w.next()
	if err == nil && changed == nil && w.c.Event != nil {
		err = w.c.Event(&event)
	}
	return event, changed, err
}

// next returns an event that is there, or a channel to wait on. The collection's lock is held.
func (w *watcher) next() (decode.Event, <-chan struct{}, error) {
	c := w.c
	select {
	case <-w.closed:
		return decode.Event{}, nil, errors.New("the watch was closed")
	default:
	}
	if w.err != nil {
		return decode.Event{}, nil, w.err
	}
	if c.Hold != nil && c.Hold() {
		return decode.Event{}, c.changed, nil
	}
	if len(w.initial) > 0 {
		o := w.initial[0]
		w.initial = w.initial[1:]
		return c.event(watch.Added, o), nil, nil
	}
	if w.end {
		w.end = false
		return decode.Event{Type: watch.Bookmark, ResourceVersion: strconv.Itoa(w.at), InitialEventsEnd: true}, nil, nil
	}
	for _, ch := range c.history {
		if ch.object == nil {
			if ch.number > w.begun && ch.version >= w.at {
				w.begun = ch.number
				return decode.Event{Type: watch.Bookmark, ResourceVersion: strconv.Itoa(max(w.at, ch.version))}, nil, nil
			}
			continue
		}
		if ch.version > w.at {
			w.at = ch.version
			if w.in != "" && ch.object.Namespace != w.in {
				continue
			}
			return c.event(ch.kind, ch.object), nil, nil
		}
	}
	if w.at < c.floor {
		return decode.Event{}, nil, io.ErrUnexpectedEOF
	}
	return decode.Event{}, c.changed, nil
}

func (c *Collection) event(kind watch.EventType, o *v1.ConfigMap) decode.Event {
	item := c.item(o)
	return decode.Event{Type: kind, Object: item.Object, Err: item.Err, ResourceVersion: o.ResourceVersion, Size: item.Size, Hash: item.Hash}
}
