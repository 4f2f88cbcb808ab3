package probe

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/sheaf-dev/sheaf/benchmarks/internal/workload"
)

// Subject is a library under test.
type Subject interface {
	// Start begins to follow the collection of a server, with handlers. It returns when the cache has synced.
	Start(ctx context.Context, w *workload.Workload, url string, handlers []*Handler) error
	// Cache returns the means to read the cache of pods.
	Cache() Cache
	// NewStore returns an empty store of the kind that the cache has, with the same indexes.
	NewStore() Store
	// NewQueue returns an empty work queue for so many keys.
	NewQueue(keys int) Queue
}

// markerName is the name of the object whose updates end a storm or a relist; package population knows it too.
const markerName = "zz-marker"

// Handler counts what a handler of the library's is told. The library's adapter calls it from one goroutine.
type Handler struct {
	adds, updates atomic.Int64
	want          int64
	added         chan struct{} // closed when every object has been added
	marked        chan struct{} // gets a value for each update of the marker
}

// Added counts a new object.
func (h *Handler) Added() {
	if h.adds.Add(1) == h.want {
		close(h.added)
	}
}

// Updated counts a changed object.
func (h *Handler) Updated(name string) {
	h.updates.Add(1)
	if name == markerName {
		h.marked <- struct{}{}
	}
}

// run is one run of a workload.
type run struct {
	workload.Workload
	subject  Subject
	url      string
	handlers []*Handler
	figures  workload.Figures

	begun usage // when main began
	heap  uint64
}

// timeout bounds a run.
const timeout = 20 * time.Minute

// Main runs the workload that the program's arguments name, and writes its figures to standard output.
func Main(subject Subject) {
	log.SetFlags(0)
	r := &run{subject: subject, figures: workload.Figures{}}
	if len(os.Args) != 3 {
		log.Fatalf("usage: %s WORKLOAD (as JSON) URL", os.Args[0])
	}
	if err := json.Unmarshal([]byte(os.Args[1]), &r.Workload); err != nil {
		log.Fatalf("workload: %v", err)
	}
	r.url = os.Args[2]
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	if err := r.all(ctx); err != nil {
		log.Fatalf("%s: %v", r.Name, err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(r.figures); err != nil {
		log.Fatal(err)
	}
}

// all syncs, and then does the workload's act.
func (r *run) all(ctx context.Context) error {
	for range r.HandlerCount() {
		// One more than the population: the marker.
		r.handlers = append(r.handlers, &Handler{want: int64(r.Count) + 1, added: make(chan struct{}), marked: make(chan struct{}, r.RelistCount())})
	}
	r.heap = liveHeap()
	stop := func() {}
	if r.Act == workload.Sync {
		stop = profile()
	}
	r.begun = now()
	if err := r.sync(ctx); err != nil {
		return err
	}
	if r.Act != workload.Sync {
		stop = profile()
	}
	err := r.act(ctx)
	stop()
	runtime.KeepAlive(r.subject)
	return err
}

// act does what follows the sync.
func (r *run) act(ctx context.Context) (err error) {
	switch r.Act {
	case workload.Sync:
		r.figures[workload.Live] = float64(liveHeap() - r.heap)
	case workload.Updates:
		err = r.updates(ctx)
	case workload.Relist:
		err = r.relist(ctx)
	case workload.Reads:
		err = r.reads()
	case workload.Stormy:
		err = r.stormy(ctx)
	case workload.Store:
		err = r.store()
	case workload.Queue:
		err = r.queue()
	default:
		err = fmt.Errorf("no act is called %q", r.Act)
	}
	return err
}

// sync waits until every handler has seen every object.
func (r *run) sync(ctx context.Context) error {
	if err := r.subject.Start(ctx, &r.Workload, r.url, r.handlers); err != nil {
		return err
	}
	for i, h := range r.handlers {
		select {
		case <-h.added:
		case <-ctx.Done():
			return fmt.Errorf("handler %d saw %d objects of %d: %w", i, h.adds.Load(), h.want, ctx.Err())
		}
	}
	spent := now().since(r.begun)
	if r.Act == workload.Sync {
		r.figures[workload.CPU] = spent.cpu.Seconds()
		r.figures[workload.Wall] = spent.wall.Seconds()
		r.figures[workload.Allocated] = float64(spent.allocated)
		r.figures[workload.Peak] = float64(peakMemory())
	}
	return nil
}

// order tells the server to do something, and waits until every handler has seen the marker's update that follows it.
func (r *run) order(ctx context.Context, what string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url+"/-/"+what, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the server answers the order %q with %s", what, resp.Status)
	}
	return r.marks(ctx)
}

// marks waits for the marker.
func (r *run) marks(ctx context.Context) error {
	for i, h := range r.handlers {
		select {
		case <-h.marked:
		case <-ctx.Done():
			return fmt.Errorf("handler %d has not seen the marker: %w", i, ctx.Err())
		}
	}
	return nil
}
