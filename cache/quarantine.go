package cache

import (
	"context"
	"math/rand/v2"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/klog/v2"

	"github.com/sheaf-dev/sheaf/cache/delta"
	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/cache/store"
	"github.com/sheaf-dev/sheaf/resource"
)

// Quarantined is an object whose newest state could not be decoded or transformed. Its last good state, if there is one, is served as
// stale.
type Quarantined struct {
	Key resource.Key
	// Err is why, after the last attempt.
	Err error
	// Since is when it was quarantined.
	Since time.Time
	// Attempts counts how often it was read alone since, and Next is when it will be again; zero: the source cannot read single
	// objects, and only the stream or the next full state can heal it.
	Attempts int
	Next     time.Time
}

// wards holds what is quarantined, and reads it again, one object at a time.
type wards struct {
	getters map[string]reflector.Getter // by scope; a scope without one cannot read single objects
	intakes map[string]*delta.Intake
	start   func(func(context.Context)) // runs a function until the informer stops
	random  func(n int64) int64

	count    atomic.Int64 // of patients
	mu       sync.Mutex   // owns the rest
	patients map[resource.Key]*patient
	nurse    bool // heal is running
	wake     chan struct{}
	asleep   time.Time // until when heal waits; zero: it does not
	paid     time.Time // for how long the reads so far are enough
	unnamed  int       // objects that could not even be identified, ever
	last     error     // the last of those
}

type patient struct {
	Quarantined
	scope   string
	missing bool // it may be gone: it was not in the last full state
}

// The wait before an object is read alone again: doubled from the first to the longest.
const (
	firstVisit = 500 * time.Millisecond
	lastVisit  = 5 * time.Minute
	visitLimit = 30 * time.Second // for one read

	// However many objects there are, they are read no faster than that, after a first few: a transform that fails on all of them must not
	// become a storm.
	visitEvery = 100 * time.Millisecond
	visitFirst = 20
)

func newWards(random func(int64) int64) *wards {
	if random == nil {
		random = rand.Int64N
	}
	return &wards{
		random:  random,
		getters: map[string]reflector.Getter{}, intakes: map[string]*delta.Intake{},
		patients: map[resource.Key]*patient{}, wake: make(chan struct{}, 1),
	}
}

// admit quarantines an object. missing says that it may be gone.
func (w *wards) admit(key resource.Key, scope string, err error, missing bool) {
	call, wake := w.register(key, scope, err, missing)
	if call {
		w.start(w.heal)
	}
	if wake {
		select {
		case w.wake <- struct{}{}:
		default:
		}
	}
}

// register records a patient, and says whether somebody must be called, or would come too late.
func (w *wards) register(key resource.Key, scope string, err error, missing bool) (call, wake bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := w.patients[key]
	if p == nil {
		p = &patient{Quarantined: Quarantined{Key: key, Since: time.Now()}, scope: scope}
		w.patients[key] = p
		w.count.Add(1)
	}
	p.Err, p.missing = err, missing
	if w.getters[scope] == nil {
		return false, false
	}
	if p.Attempts == 0 {
		p.Next = time.Now().Add(w.wait(firstVisit))
	}
	call = !w.nurse
	w.nurse = true
	return call, p.Next.Before(w.asleep)
}

// discharge takes an object out of quarantine.
func (w *wards) discharge(key resource.Key) {
	if w.count.Load() == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.forget(key)
}

func (w *wards) forget(key resource.Key) { // mu is held
	if _, ok := w.patients[key]; ok {
		delete(w.patients, key)
		w.count.Add(-1)
	}
}

// prune takes out those who are no longer stale after a full state.
func (w *wards) prune(snapshot store.Snapshot) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for key := range w.patients {
		if snapshot.Stale(key) == nil {
			w.forget(key)
		}
	}
}

func (w *wards) nameless(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.unnamed++
	w.last = err
}

func (w *wards) namelessCount() (count int, last error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.unnamed, w.last
}

// heal reads patients again until there are none.
func (w *wards) heal(ctx context.Context) {
	for {
		p, pause, any := w.next()
		if !any {
			return
		}
		if pause > 0 {
			timer := time.NewTimer(pause)
			select {
			case <-timer.C:
			case <-w.wake:
			case <-ctx.Done():
			}
			timer.Stop()
		} else {
			w.visit(ctx, p)
		}
		if ctx.Err() != nil {
			return
		}
	}
}

// next returns the patient who is due, or how long it is until one is.
func (w *wards) next() (due patient, pause time.Duration, any bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var first *patient
	for _, p := range w.patients {
		if !p.Next.IsZero() && (first == nil || p.Next.Before(first.Next)) {
			first = p
		}
	}
	w.asleep = time.Time{}
	if first == nil {
		w.nurse = false
		return patient{}, 0, false
	}
	now := time.Now()
	if pause = first.Next.Sub(now); pause <= 0 {
		pause = w.pace(now)
	}
	if pause > 0 {
		w.asleep = first.Next
	}
	return *first, pause, true
}

// pace returns how long to wait before the next read, or, if that may begin, takes it down. mu is held.
func (w *wards) pace(now time.Time) time.Duration {
	if w.paid.Before(now) {
		w.paid = now
	}
	if early := w.paid.Sub(now) - (visitFirst-1)*visitEvery; early > 0 {
		return early
	}
	w.paid = w.paid.Add(visitEvery)
	return 0
}

// visit reads one object alone.
func (w *wards) visit(ctx context.Context, p patient) {
	getCtx, cancel := context.WithTimeout(ctx, visitLimit)
	defer cancel()
	o, err := w.getters[p.scope].Get(getCtx, p.Key)
	intake := w.intakes[p.scope]
	switch {
	case err == nil:
		err = intake.Heal(ctx, o)
	case apierrors.IsNotFound(err) && p.missing:
		err = intake.Lose(ctx, p.Key)
	}
	klog.FromContext(ctx).V(2).Info("Read a quarantined object again", "object", klog.KRef(p.Key.Namespace, p.Key.Name), "err", err)
	w.mu.Lock()
	defer w.mu.Unlock()
	now, ok := w.patients[p.Key]
	if !ok {
		return
	}
	now.Attempts++
	if err != nil && !apierrors.IsNotFound(err) {
		now.Err = err
	}
	now.Next = time.Now().Add(w.wait(min(lastVisit, firstVisit<<min(now.Attempts, 16))))
}

func (w *wards) wait(d time.Duration) time.Duration { return d + time.Duration(w.random(int64(d))) }

// list returns what is quarantined, in key order, at most so many; and how many there are.
func (w *wards) list(limit int) (quarantined []Quarantined, total int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	patients := make([]*patient, 0, len(w.patients))
	for _, p := range w.patients {
		patients = append(patients, p)
	}
	sort.Slice(patients, func(i, j int) bool { return patients[i].Key.Compare(patients[j].Key) < 0 })
	for _, p := range patients[:min(limit, len(patients))] {
		quarantined = append(quarantined, p.Quarantined)
	}
	return quarantined, len(patients)
}
