package frozen

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/sheaf-dev/sheaf/benchmarks/internal/population"
	"github.com/sheaf-dev/sheaf/benchmarks/internal/workload"
)

// Server serves one workload's collection. It is an http.Handler.
type Server struct {
	w   *workload.Workload
	pop *population.Population
	mux http.ServeMux

	mu      sync.Mutex // owns the rest
	books   map[encoding]*book
	version int64 // the collection's, as the marker's updates and the relists advance it
	marker  int64 // the version of the marker's last update
	streams map[*stream]struct{}
	changed chan struct{} // closed, and made anew, when a stream came
}

// book is the collection in one encoding.
type book struct {
	once   sync.Once
	items  [][]byte // as in a list
	frames [][]byte // ADDED events
	events [][]byte // the storm
	err    error
}

// New returns a server. Prepare encodes what the workload will ask for; the rest is encoded when somebody asks.
func New(w *workload.Workload) (*Server, error) {
	pop, err := population.New(w)
	if err != nil {
		return nil, err
	}
	s := &Server{w: w, pop: pop, books: map[encoding]*book{}, version: population.FirstVersion, marker: population.FirstVersion,
		streams: map[*stream]struct{}{}, changed: make(chan struct{})}
	path := "/apis/" + pop.Resource.Group + "/" + pop.Resource.Version + "/" + pop.Resource.Resource
	if pop.Resource.Group == "" {
		path = "/api/" + pop.Resource.Version + "/" + pop.Resource.Resource
	}
	s.mux.HandleFunc("GET "+path, s.collection)
	s.mux.HandleFunc("POST /-/storm", s.storm)
	s.mux.HandleFunc("POST /-/relist", s.relist)
	return s, nil
}

// ServeHTTP serves one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Prepare encodes what the workload's programs will ask for.
func (s *Server) Prepare() error {
	e := encoding{protobuf: !s.w.JSON && s.w.Face != workload.Dynamic && s.pop.Protobuf(), metadata: s.w.Face == workload.Metadata}
	_, err := s.book(e)
	return err
}

// book returns the collection in an encoding.
func (s *Server) book(e encoding) (*book, error) {
	s.mu.Lock()
	b := s.books[e]
	if b == nil {
		b = &book{}
		s.books[e] = b
	}
	s.mu.Unlock()
	b.once.Do(func() { b.err = s.fill(b, e) })
	return b, b.err
}

// fill encodes a book: the items for lists or the frames for streams, whichever the workload needs, and the storm.
func (s *Server) fill(b *book, e encoding) error {
	for i := range s.pop.Count {
		data, gvk, err := e.object(s.pop.Object(i))
		if err != nil {
			return err
		}
		if s.w.NoStreaming {
			b.items = append(b.items, data)
			continue
		}
		frame, err := e.frame(watch.Added, data, gvk)
		if err != nil {
			return err
		}
		b.frames = append(b.frames, frame)
	}
	for n := range s.w.Events {
		// Every object in turn, in an order that has nothing to do with the list's.
		frame, err := e.frameOf(watch.Modified, s.pop.Updated(n*7919%s.pop.Count, n))
		if err != nil {
			return err
		}
		b.events = append(b.events, frame)
	}
	return nil
}

// encodingOf chooses the encoding that a client wants most.
func (s *Server) encodingOf(r *http.Request) encoding {
	first, _, _ := strings.Cut(r.Header.Get("Accept"), ",")
	return encoding{
		protobuf: strings.HasPrefix(first, protobufType) && s.pop.Protobuf(),
		metadata: strings.Contains(first, "as=PartialObjectMetadata"),
	}
}

// collection lists or watches.
func (s *Server) collection(w http.ResponseWriter, r *http.Request) {
	e := s.encodingOf(r)
	b, err := s.book(e)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	query := r.URL.Query()
	switch watching := query.Get("watch"); {
	case watching != "true" && watching != "1":
		s.list(w, r, e, b)
	case query.Get("sendInitialEvents") == "true" && s.w.NoStreaming:
		refuse(w)
	default:
		s.watch(w, r, e, b)
	}
}

// refuse is how a server that cannot stream initial states answers.
func refuse(w http.ResponseWriter) {
	w.Header().Set("Content-Type", jsonType)
	w.WriteHeader(http.StatusUnprocessableEntity)
	fmt.Fprint(w, `{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"sendInitialEvents is forbidden for watch",`+
		`"reason":"Invalid","code":422}`)
}

// list answers with the whole collection, or with a page where the client wants pages and does not ask for whatever is cached.
func (s *Server) list(w http.ResponseWriter, r *http.Request, e encoding, b *book) {
	if b.items == nil {
		http.Error(w, "this workload streams", http.StatusNotImplemented)
		return
	}
	query := r.URL.Query()
	from, _ := strconv.Atoi(query.Get("continue"))
	to := len(b.items)
	if limit, _ := strconv.Atoi(query.Get("limit")); limit > 0 && query.Get("resourceVersion") != "0" {
		to = min(to, from+limit)
	}
	items, next := b.items[from:to:to], ""
	s.mu.Lock()
	version, marker := s.version, s.marker
	s.mu.Unlock()
	if to < len(b.items) {
		next = strconv.Itoa(to)
	} else {
		data, _, err := e.object(s.pop.Marker(marker))
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		items = append(items, data)
	}
	gvk := schema.GroupVersionKind{Group: s.pop.Resource.Group, Version: s.pop.Resource.Version, Kind: s.pop.Kind + "List"}
	if e.metadata {
		gvk = metav1.SchemeGroupVersion.WithKind("PartialObjectMetadataList")
	}
	body, err := e.listOf(gvk, strconv.FormatInt(version, 10), next, items)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", e.contentType(false))
	_, _ = w.Write(body) // a client that has gone away is no concern of ours
}

// bookmarkEvery is how often a quiet watch gets a bookmark.
const bookmarkEvery = time.Minute

// watch streams the initial state, if it is asked for, and then what is ordered.
func (s *Server) watch(w http.ResponseWriter, r *http.Request, e encoding, b *book) {
	out := &stream{w: w, flusher: http.NewResponseController(w), encoding: e, book: b, orders: make(chan order, 1)}
	w.Header().Set("Content-Type", e.contentType(true))
	w.WriteHeader(http.StatusOK)
	if r.URL.Query().Get("sendInitialEvents") == "true" {
		if err := s.initial(out); err != nil {
			return
		}
	}
	if out.flusher.Flush() != nil {
		return
	}
	s.enter(out)
	defer s.leave(out)
	bookmarks := time.NewTicker(bookmarkEvery)
	defer bookmarks.Stop()
	for {
		var err error
		select {
		case o := <-out.orders:
			err = o(out)
		case <-bookmarks.C:
			err = s.bookmark(out, false)
		case <-r.Context().Done():
			return
		}
		if err != nil || out.flusher.Flush() != nil {
			return
		}
	}
}

// initial streams every object, and the bookmark after them.
func (s *Server) initial(out *stream) error {
	for _, frame := range out.book.frames {
		if _, err := out.w.Write(frame); err != nil {
			return err
		}
	}
	s.mu.Lock()
	marker := s.marker
	s.mu.Unlock()
	frame, err := out.encoding.frameOf(watch.Added, s.pop.Marker(marker))
	if err != nil {
		return err
	}
	if _, err := out.w.Write(frame); err != nil {
		return err
	}
	return s.bookmark(out, true)
}

// bookmark sends the version that the collection has.
func (s *Server) bookmark(out *stream, initialEnd bool) error {
	s.mu.Lock()
	version := s.version
	s.mu.Unlock()
	frame, err := s.bookmarkFrame(out.encoding, version, initialEnd)
	if err != nil {
		return err
	}
	_, err = out.w.Write(frame)
	return err
}
