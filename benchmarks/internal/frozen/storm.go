package frozen

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/sheaf-dev/sheaf/benchmarks/internal/population"
)

// stream is one watch.
type stream struct {
	w        http.ResponseWriter
	flusher  *http.ResponseController
	encoding encoding
	book     *book
	orders   chan order
}

// order is something to do on a stream, by its own goroutine. An error ends the stream.
type order func(*stream) error

func (s *Server) enter(out *stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.streams[out] = struct{}{}
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *Server) leave(out *stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.streams, out)
}

// take takes the open streams, waiting until there is one. Each is given one order, and only the marker's update makes it end.
func (s *Server) take(ctx context.Context, give order) error {
	for {
		s.mu.Lock()
		changed, n := s.changed, 0
		for out := range s.streams {
			select {
			case out.orders <- give:
				n++
			default:
				s.mu.Unlock()
				return errors.New("the last order has not been carried out")
			}
		}
		s.mu.Unlock()
		if n > 0 {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// patience bounds the wait for a watch to come back.
const patience = 5 * time.Minute

// storm sends the workload's updates to every watch, as fast as it reads them, and then the marker's.
func (s *Server) storm(w http.ResponseWriter, r *http.Request) {
	s.order(w, r, func(out *stream) error {
		for i, frame := range out.book.events {
			if _, err := out.w.Write(frame); err != nil {
				return err
			}
			// A server flushes when it has nothing more to write at the moment; in a storm that is once in a while.
			if i%16 == 15 {
				if err := out.flusher.Flush(); err != nil {
					return err
				}
			}
		}
		return s.mark(out)
	})
}

// relist ends every watch as one does whose version has expired. The marker's update follows on the watch after the next full state.
func (s *Server) relist(w http.ResponseWriter, r *http.Request) {
	s.order(w, r, func(out *stream) error {
		frame, err := out.encoding.expired()
		if err == nil {
			_, err = out.w.Write(frame)
		}
		if err == nil {
			err = out.flusher.Flush()
		}
		go s.markNext()
		return errors.Join(err, errOver)
	})
}

var errOver = errors.New("the watch is over")

// markNext sends the marker's update to the next watch that opens.
func (s *Server) markNext() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	s.mu.Lock()
	clear(s.streams)
	s.mu.Unlock()
	_ = s.take(ctx, s.mark) // on a time-out the programs have theirs
}

// order gives an order to the open watches.
func (s *Server) order(w http.ResponseWriter, r *http.Request, give order) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	if err := s.take(ctx, give); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	}
}

// mark sends the marker's update.
func (s *Server) mark(out *stream) error {
	s.mu.Lock()
	s.version++
	s.marker = s.version
	version := s.version
	s.mu.Unlock()
	frame, err := out.encoding.frameOf(watch.Modified, s.pop.Marker(version))
	if err != nil {
		return err
	}
	_, err = out.w.Write(frame)
	return err
}

// bookmarkFrame makes a bookmark.
func (s *Server) bookmarkFrame(e encoding, version int64, initialEnd bool) ([]byte, error) {
	o := reflect.New(reflect.TypeOf(s.pop.Object(0)).Elem()).Interface().(population.Object)
	o.GetObjectKind().SetGroupVersionKind(s.pop.Resource.GroupVersion().WithKind(s.pop.Kind))
	o.SetResourceVersion(strconv.FormatInt(version, 10))
	if initialEnd {
		o.SetAnnotations(map[string]string{metav1.InitialEventsAnnotationKey: "true"})
	}
	return e.frameOf(watch.Bookmark, o)
}
