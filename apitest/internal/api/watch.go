package api

import (
	"context"
	"net/http"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/sheaf-dev/sheaf/apitest/internal/history"
	"github.com/sheaf-dev/sheaf/apitest/internal/objects"
	"github.com/sheaf-dev/sheaf/apitest/internal/wire"
)

// takeAtOnce is how many changes a watch takes from the history at a time.
const takeAtOnce = 256

// watch answers with a stream of changes.
func (q *request) watch() error {
	s, err := q.selection(true)
	if err != nil {
		return err
	}
	if q.accept.As == "PartialObjectMetadataList" {
		return q.notAcceptable()
	}
	stream := &stream{q: q, s: s, tampers: q.tampers}
	initial, err := stream.open()
	if apierrors.IsResourceExpired(err) || apierrors.IsTimeout(err) {
		stream.start()
		stream.fail(err)
		return nil
	}
	if err != nil {
		return err
	}
	defer stream.watcher.Close()
	stream.start()
	stream.begin()
	stream.run(initial)
	return nil
}

// stream is one open watch.
type stream struct {
	q       *request
	s       *selection
	tampers []Tamper
	watcher *history.Watcher
	buffer  []byte // frames not sent yet
	unsent  bool   // something has been written since the last flush
	broken  bool   // the client has gone, or a fault ended the stream
	last    uint64 // the revision up to which everything has been put into buffer

	initialEnd uint64 // the initial events end at this revision; 0: no end is announced
}

// open finds the place where the stream begins, and the objects that are sent first.
func (st *stream) open() ([]*history.Version, error) {
	q, s := st.q, st.s
	synthetic := s.resourceVersion == "" || s.resourceVersion == "0"
	if s.sendInitial != nil {
		synthetic = *s.sendInitial
		if err := q.waitFresh(s.revision); err != nil {
			return nil, err
		}
	}
	table := q.kind.Table
	if synthetic {
		page, watcher := table.ListAndWatch(history.Query{Namespace: s.namespace, Match: s.match})
		st.watcher, st.last = watcher, page.Revision
		if s.bookmarks && (s.sendInitial != nil || st.cached()) {
			st.initialEnd = page.Revision
		}
		return page.Versions, nil
	}
	from := s.revision
	if s.resourceVersion == "" || s.resourceVersion == "0" { // sendInitialEvents=false: from now on
		from = q.api.objects.History.Revision()
	}
	watcher, err := table.Watch(from)
	if err != nil {
		return nil, st.tooOld(from)
	}
	st.watcher, st.last = watcher, from
	return nil, nil
}

// cached says whether the real server would serve the watch from its watch cache, which events do not have.
func (st *stream) cached() bool { return st.q.Resource.Resource != "events" }

// tooOld is the error of a watch from a time that has been forgotten. The real server reads events without its cache, and says so.
func (st *stream) tooOld(revision uint64) error {
	if !st.cached() {
		return apierrors.NewResourceExpired("The resourceVersion for the provided watch is too old.")
	}
	return apierrors.NewResourceExpired("too old resource version: " + objects.Revision(revision) + " (" + objects.Revision(st.q.api.objects.History.Compacted()) + ")")
}

func (st *stream) start() {
	st.q.w.Header().Set("Content-Type", st.q.accept.Format.WatchMediaType())
	st.q.w.Header().Set("Cache-Control", "no-cache, private")
	st.q.w.WriteHeader(http.StatusOK)
	_ = http.NewResponseController(st.q.w).Flush()
}

// run sends until the client leaves, the time is over, or a fault ends the stream.
func (st *stream) run(initial []*history.Version) {
	ctx, cancel := context.WithTimeout(st.q.r.Context(), st.duration())
	defer cancel()
	st.sendInitial(initial)
	bookmarks, stop := st.bookmarkTimer()
	defer stop()
	changes := make([]*history.Change, 0, 16)
	for !st.broken {
		select {
		case <-ctx.Done():
			return
		case <-st.watcher.More():
			if changes = st.sendChanges(changes); changes == nil {
				return
			}
			if st.watcher.TakeBookmark() && st.s.bookmarks {
				st.bookmark(false)
				st.flush()
			}
		case <-bookmarks.C:
			if changes = st.sendChanges(changes); changes == nil { // the bookmark is newer than all that was sent before it
				return
			}
			if !st.watcher.Held() {
				st.bookmark(false)
				st.flush()
			}
			bookmarks.Reset(st.untilBookmark())
		}
	}
}

func (st *stream) duration() time.Duration {
	if st.s.timeout > 0 {
		return time.Duration(st.s.timeout) * time.Second
	}
	return watchTimeout()
}

// bookmarkTimer fires when a bookmark is due. Events have none: the real server serves them without a watch cache.
func (st *stream) bookmarkTimer() (*time.Timer, func()) {
	t := time.NewTimer(st.untilBookmark())
	if !st.s.bookmarks || !st.cached() {
		t.Stop()
	}
	return t, func() { t.Stop() }
}

func (st *stream) untilBookmark() time.Duration { return st.q.api.options.BookmarkInterval }

func (st *stream) sendInitial(versions []*history.Version) {
	for _, v := range versions {
		st.event(watch.Added, v)
		if st.broken {
			return
		}
	}
	if st.initialEnd != 0 {
		st.bookmark(true)
	}
	st.flush()
	if !st.broken {
		st.watcher.MarkDelivered()
	}
}

// sendChanges sends all that is there. It returns the emptied slice for the next time, nil at the stream's end.
func (st *stream) sendChanges(changes []*history.Change) []*history.Change {
	for !st.broken {
		var err error
		var upTo uint64
		ended, end := st.watcher.Ended() // asked first: what comes before the end is taken below
		changes, upTo, err = st.watcher.Take(changes[:0], takeAtOnce)
		if err != nil {
			st.fail(st.tooOld(st.last))
			return nil
		}
		for _, c := range changes {
			st.change(c)
		}
		st.last = max(st.last, upTo)
		if len(changes) < takeAtOnce {
			st.flush()
			if !st.broken {
				st.watcher.MarkDelivered()
			}
			if end != nil {
				st.fail(end)
			}
			if ended {
				return nil
			}
			break
		}
	}
	clear(changes)
	return changes[:0]
}

// change sends what a change means under the selectors: objects enter and leave them.
func (st *stream) change(c *history.Change) {
	is := !c.New.Deleted && st.selects(c.New)
	was := c.Old != nil && st.selects(c.Old)
	switch {
	case is && was:
		st.event(watch.Modified, c.New)
	case is:
		st.event(watch.Added, c.New)
	case was && c.New.Deleted:
		st.event(watch.Deleted, c.New)
	case was:
		left, err := objects.Departed(st.q.kind, c)
		if err != nil {
			st.fail(apierrors.NewInternalError(err))
			return
		}
		st.event(watch.Deleted, left)
	}
	st.last = c.New.Revision
}

func (st *stream) selects(v *history.Version) bool {
	return (st.s.namespace == "" || v.Namespace == st.s.namespace) && (st.s.match == nil || st.s.match(v))
}

func (st *stream) event(kind watch.EventType, v *history.Version) {
	data, err := st.q.bytesOf(v)
	if err != nil {
		st.fail(apierrors.NewInternalError(err))
		return
	}
	st.frame(Frame{Type: string(kind), Revision: v.Revision}, st.q.envelope(), data)
	if len(st.buffer) > full {
		st.write()
	}
}

// frame sends an event, or what a fault makes of it.
func (st *stream) frame(f Frame, envelope wire.Envelope, data []byte) {
	f.render = func(f Frame, b []byte) []byte { return appendFrame(b, st.q.accept.Format, f.Type, envelope, data) }
	st.emit(0, f)
}

func appendFrame(b []byte, format wire.Format, eventType string, envelope wire.Envelope, data []byte) []byte {
	if format == wire.Protobuf {
		b = envelope.AppendFrameHead(b, eventType, len(data))
		return envelope.AppendTail(append(b, data...))
	}
	b = wire.AppendJSONFrameHead(b, eventType)
	return append(append(b, data...), wire.JSONFrameTail...)
}

// full is how many bytes are gathered before they are written.
const full = 64 << 10

// Holder is a ResponseWriter that can hold back what goes to the connection, until it leaves in one piece: net/http writes a chunk in
// three, each of which costs a system call here and wakes the client. What is written after Hold must not be changed before Release.
type Holder interface {
	Hold()
	Release() error
}

// write sends the buffer, which may still be held in the HTTP server's.
func (st *stream) write() { st.send(false) }

// flush sends everything on its way.
func (st *stream) flush() {
	if len(st.buffer) > 0 || st.unsent {
		st.send(true)
	}
}

func (st *stream) send(flush bool) {
	holder, ok := st.q.w.(Holder)
	if ok {
		holder.Hold()
	}
	var failed bool
	if len(st.buffer) > 0 {
		_, err := st.q.w.Write(st.buffer)
		failed = err != nil
	}
	if flush {
		failed = http.NewResponseController(st.q.w).Flush() != nil || failed
	}
	if ok {
		failed = holder.Release() != nil || failed
	}
	st.unsent, st.broken = !flush, st.broken || failed
	if cap(st.buffer) > 4*full {
		st.buffer = nil
	}
	st.buffer = st.buffer[:0]
}

// bookmark sends the stream's position. The one that ends the initial events is annotated.
func (st *stream) bookmark(end bool) {
	st.emit(0, Frame{Type: string(watch.Bookmark), Revision: st.last, InitialEnd: end, render: func(f Frame, b []byte) []byte {
		obj := st.q.kind.New()
		obj.SetResourceVersion(objects.Revision(f.Revision))
		if f.InitialEnd {
			obj.SetAnnotations(map[string]string{metav1.InitialEventsAnnotationKey: "true"})
		}
		data, err := st.q.bytesOfObject(obj)
		if err != nil {
			return st.errorFrame(b, apierrors.NewInternalError(err))
		}
		return appendFrame(b, st.q.accept.Format, f.Type, st.q.envelope(), data)
	}})
}

// fail sends an error event, which ends the stream.
func (st *stream) fail(err error) {
	st.emit(0, Frame{Type: string(watch.Error), render: func(_ Frame, b []byte) []byte { return st.errorFrame(b, err) }})
	st.flush()
	st.broken = true
}

// errorFrame appends an error event.
func (st *stream) errorFrame(b []byte, err error) []byte {
	status := statusOf(err)
	status.Kind, status.APIVersion = "Status", "v1"
	data, encodeErr := encodeStatus(status, st.q.accept.Format)
	if encodeErr != nil {
		return b // a status is always encodable
	}
	return appendFrame(b, st.q.accept.Format, string(watch.Error), statusEnvelope, data)
}
