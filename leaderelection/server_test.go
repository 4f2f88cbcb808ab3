package leaderelection

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var leasesResource = schema.GroupResource{Group: "coordination.k8s.io", Resource: "leases"}

// server holds one Lease, as an API server would.
type server struct {
	mu      sync.Mutex // owns all below
	version int
	lease   *coordinationv1.Lease
	past    []*coordinationv1.Lease
	changed chan struct{} // closed at the next change
}

func newServer() *server { return &server{changed: make(chan struct{})} }

func (s *server) get(name string) (*coordinationv1.Lease, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lease == nil {
		return nil, apierrors.NewNotFound(leasesResource, name)
	}
	return s.lease.DeepCopy(), nil
}

func (s *server) create(lease *coordinationv1.Lease) (*coordinationv1.Lease, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lease != nil {
		return nil, apierrors.NewAlreadyExists(leasesResource, lease.Name)
	}
	return s.store(lease), nil
}

func (s *server) update(lease *coordinationv1.Lease) (*coordinationv1.Lease, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.lease == nil:
		return nil, apierrors.NewNotFound(leasesResource, lease.Name)
	case s.lease.ResourceVersion != lease.ResourceVersion:
		return nil, apierrors.NewConflict(leasesResource, lease.Name, errors.New("the object has been modified"))
	}
	return s.store(lease), nil
}

func (s *server) delete() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version++
	s.lease = nil
	s.publish(nil)
}

func (s *server) store(lease *coordinationv1.Lease) *coordinationv1.Lease {
	s.version++
	s.lease = lease.DeepCopy()
	s.lease.ResourceVersion = strconv.Itoa(s.version)
	s.publish(s.lease)
	return s.lease.DeepCopy()
}

func (s *server) publish(lease *coordinationv1.Lease) {
	s.past = append(s.past, lease)
	close(s.changed)
	s.changed = make(chan struct{})
}

// after returns the changes from the nth on, and what to wait for if there are none.
func (s *server) after(n int) ([]*coordinationv1.Lease, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.past[min(n, len(s.past)):], s.changed
}

func (s *server) changes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.past)
}

// link is one candidate's way to the server, and what can go wrong on it.
type link struct {
	*server
	freezer
	arrived func() // called when a delayed request has arrived

	mu      sync.Mutex // owns all below
	random  *rand.Rand
	latency time.Duration // up to
	cut     bool          // nothing gets through, in either direction
	refuse  bool          // … and connections are refused instead of left hanging
	broken  bool          // the server answers with errors, sometimes after having done what was asked
	delayed bool          // some requests arrive much later, when nobody waits for the answer; some answers come late
	gone    bool          // as cut, for ever: the process is dead
	rude    bool          // the watch replays old events, at any time
}

var errRefused = errors.New("connection refused")

// trip returns how long a message takes, or that it does not arrive.
func (l *link) trip() (time.Duration, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Duration(l.random.Int64N(int64(l.latency) + 1)), !l.cut && !l.gone
}

// fate is what happens to a request apart from latency.
func (l *link) fate() (refused, fail, failAfter bool, late, lateAnswer time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken {
		fail = l.random.IntN(2) == 0
		failAfter = l.random.IntN(2) == 0
	}
	if l.delayed {
		switch l.random.IntN(4) {
		case 0:
			late = time.Duration(l.random.Int64N(int64(25 * time.Second)))
		case 1:
			lateAnswer = time.Duration(l.random.Int64N(int64(10 * time.Second)))
		}
	}
	return l.cut && l.refuse, fail, failAfter, late, lateAnswer
}

// call carries a request to the server and its answer back.
func (l *link) call(ctx context.Context, do func() (*coordinationv1.Lease, error)) (*coordinationv1.Lease, error) {
	l.await()
	defer l.await()
	refused, fail, failAfter, late, lateAnswer := l.fate()
	if refused {
		return nil, errRefused
	}
	if !l.travel() {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if late > 0 {
		go func() {
			time.Sleep(late)
			do()
			l.arrived()
		}()
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if fail {
		return nil, apierrors.NewInternalError(errors.New("broken"))
	}
	lease, err := do()
	if failAfter {
		lease, err = nil, apierrors.NewInternalError(errors.New("broken afterwards"))
	}
	if lateAnswer > 0 {
		time.Sleep(lateAnswer)
		l.arrived()
	}
	if !l.travel() || ctx.Err() != nil {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return lease, err
}

// travel lets a message be under way, and says whether it arrives: it is lost if the link is cut at its begin or end.
func (l *link) travel() bool {
	d, ok := l.trip()
	time.Sleep(d)
	_, still := l.trip()
	return ok && still
}

func (l *link) Get(ctx context.Context, name string) (*coordinationv1.Lease, error) {
	return l.call(ctx, func() (*coordinationv1.Lease, error) { return l.get(name) })
}

func (l *link) Create(ctx context.Context, lease *coordinationv1.Lease) (*coordinationv1.Lease, error) {
	return l.call(ctx, func() (*coordinationv1.Lease, error) { return l.create(lease) })
}

func (l *link) Update(ctx context.Context, lease *coordinationv1.Lease) (*coordinationv1.Lease, error) {
	return l.call(ctx, func() (*coordinationv1.Lease, error) { return l.update(lease) })
}

func (l *link) Delete(context.Context, string, string) error {
	return errors.New("no election deletes its Lease")
}

// Watch delivers each change once and in order, unless it is rude. A cut ends it.
func (l *link) Watch(ctx context.Context, _ string, seen func(*coordinationv1.Lease)) error {
	l.await()
	for n := max(0, l.changes()-1); ; {
		news, more := l.after(n)
		for _, lease := range news {
			n++
			if !l.travel() {
				return errRefused
			}
			l.await()
			seen(lease.DeepCopy())
		}
		if len(news) > 0 {
			continue
		}
		select {
		case <-more:
		case <-ctx.Done():
			return ctx.Err()
		case <-l.replay():
			if n > 0 {
				seen(l.old(n))
			}
		}
	}
}

// replay says when an old event comes next: never, unless the link is rude.
func (l *link) replay() <-chan time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.rude {
		return nil
	}
	return time.After(time.Duration(l.random.Int64N(int64(8 * time.Second))))
}

// old returns one of the first n states.
func (l *link) old(n int) *coordinationv1.Lease {
	l.mu.Lock()
	defer l.mu.Unlock()
	past, _ := l.after(l.random.IntN(n))
	return past[0].DeepCopy()
}

// change changes the link's faults.
func (l *link) change(f func(*link)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f(l)
}

// freezer stops a process: whoever passes await waits until it is thawed.
type freezer struct {
	mu     sync.Mutex // owns all below
	frozen chan struct{}
}

func (f *freezer) await() {
	f.mu.Lock()
	frozen := f.frozen
	f.mu.Unlock()
	if frozen != nil {
		<-frozen
	}
}

func (f *freezer) freeze() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.frozen == nil {
		f.frozen = make(chan struct{})
	}
}

func (f *freezer) thaw() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.frozen != nil {
		close(f.frozen)
		f.frozen = nil
	}
}

// crooked is a clock that runs at another rate than time does, and stands still for nobody: a frozen process only cannot read it.
type crooked struct {
	*freezer
	epoch time.Time
	rate  float64
}

func (c crooked) now() time.Duration {
	c.await()
	return c.peek()
}

func (c crooked) peek() time.Duration { return time.Duration(float64(time.Since(c.epoch)) * c.rate) }

func (c crooked) after(d time.Duration) *time.Timer {
	return time.NewTimer(time.Duration(float64(d)/c.rate) + 1)
}

func (c crooked) String() string { return fmt.Sprintf("clock at %.3f", c.rate) }
