package workqueue

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// model says in the plainest way what a queue must do.
type model struct {
	now      time.Duration
	waiting  map[Priority][]string // queued keys, in order of arrival
	running  map[string]Priority
	again    map[string]Priority
	delayed  map[string]delayedKey
	requeues map[string]int
	given    int // how often a key came to be queued
	closed   bool
	passed   map[Priority]int
}

type delayedKey struct {
	until    time.Duration
	priority Priority
}

func newModel() *model {
	return &model{
		waiting:  map[Priority][]string{},
		running:  map[string]Priority{},
		again:    map[string]Priority{},
		delayed:  map[string]delayedKey{},
		requeues: map[string]int{},
		passed:   map[Priority]int{},
	}
}

func (m *model) len() int {
	n := 0
	for _, keys := range m.waiting {
		n += len(keys)
	}
	return n
}

func (m *model) add(key string, p Priority) {
	if m.closed {
		return
	}
	for at, keys := range m.waiting {
		if i := slices.Index(keys, key); i >= 0 {
			if p > at {
				m.waiting[at] = slices.Delete(keys, i, i+1)
				m.waiting[p] = append(m.waiting[p], key)
			}
			return
		}
	}
	if at, ok := m.again[key]; ok {
		m.again[key] = max(at, p)
		return
	}
	m.given++
	if _, ok := m.running[key]; ok {
		m.again[key] = p
		return
	}
	m.waiting[p] = append(m.waiting[p], key)
}

func (m *model) addAfter(key string, d time.Duration) {
	if m.closed {
		return
	}
	p := m.running[key] // Normal if it does not run
	if d <= 0 {
		m.add(key, p)
		return
	}
	if old, ok := m.delayed[key]; ok {
		m.delayed[key] = delayedKey{min(old.until, m.now+d), max(old.priority, p)}
		return
	}
	m.delayed[key] = delayedKey{m.now + d, p}
}

// unique makes a delay a little longer if another ends at the same instant, for then their order would be open.
func (m *model) unique(d time.Duration) time.Duration {
	taken := map[time.Duration]bool{}
	for _, e := range m.delayed {
		taken[e.until] = true
	}
	for d > 0 && taken[m.now+d] {
		d++
	}
	return d
}

// advance lets time pass; delays end in their order.
func (m *model) advance(d time.Duration) {
	m.now += d
	var ended []string
	for key, e := range m.delayed {
		if e.until <= m.now {
			ended = append(ended, key)
		}
	}
	slices.SortFunc(ended, func(a, b string) int { return int(m.delayed[a].until - m.delayed[b].until) })
	for _, key := range ended {
		m.add(key, m.delayed[key].priority)
		delete(m.delayed, key)
	}
}

// got says whether the queue was right to give this key away, and takes it.
func (m *model) got(key string) error {
	if _, ok := m.running[key]; ok {
		return fmt.Errorf("%q was given to two workers", key)
	}
	highest := Lowest
	for p, keys := range m.waiting {
		if len(keys) > 0 {
			highest = max(highest, p)
		}
	}
	for p, keys := range m.waiting {
		if len(keys) == 0 || keys[0] != key {
			continue
		}
		if p < highest && m.passed[p] < defaultAging {
			return fmt.Errorf("%q of priority %d was given before keys of %d, having been passed over %d times", key, p, highest, m.passed[p])
		}
		m.waiting[p] = keys[1:]
		m.running[key] = p
		return m.count(p)
	}
	return fmt.Errorf("%q was given, but the first keys are of %v", key, m.waiting)
}

// count keeps account of the priorities that were passed over.
func (m *model) count(served Priority) error {
	for p := Lowest; p <= Highest; p++ {
		if m.passed[p]++; p == served || len(m.waiting[p]) == 0 {
			m.passed[p] = 0
		}
		if m.passed[p] > defaultAging+levels {
			return fmt.Errorf("priority %d starves: passed over %d times", p, m.passed[p])
		}
	}
	return nil
}

func (m *model) done(key string) {
	if _, ok := m.running[key]; !ok {
		return
	}
	delete(m.running, key)
	if p, ok := m.again[key]; ok {
		delete(m.again, key)
		m.waiting[p] = append(m.waiting[p], key)
	}
}

// compare returns the first difference between the model and the queue.
func (m *model) compare(q *Queue[string], start time.Time) error {
	if err := q.check(); err != nil {
		return err
	}
	keys := map[string]Status[string]{}
	for _, s := range q.Snapshot().Keys {
		keys[s.Key] = s
	}
	known := map[string]bool{}
	want := map[string]Priority{}
	for p, waiting := range m.waiting {
		for _, key := range waiting {
			want[key], known[key] = p, true
		}
	}
	for key, p := range m.again {
		want[key] = p
	}
	for key := range m.running {
		known[key] = true
	}
	for key := range m.delayed {
		known[key] = true
	}
	for key := range m.requeues {
		known[key] = true
	}
	if len(known) != len(keys) {
		return fmt.Errorf("the queue knows %v, want %v", keys, known)
	}
	for key, s := range keys {
		p, waits := want[key]
		_, again := m.again[key]
		_, runs := m.running[key]
		e, delayed := m.delayed[key]
		switch {
		case !known[key], waits != s.Queued, waits && p != s.Priority, again != s.Again, runs == s.Running.IsZero():
			return fmt.Errorf("%q: %+v", key, s)
		case delayed == s.Until.IsZero(), delayed && !s.Until.Equal(start.Add(e.until)):
			return fmt.Errorf("%q is delayed until %v, want %v", key, s.Until.Sub(start), e.until)
		case s.Requeues != m.requeues[key], s.Requeues != q.NumRequeues(key):
			return fmt.Errorf("%q has %d requeues, want %d", key, s.Requeues, m.requeues[key])
		}
	}
	s := q.Stats()
	if s.Depth != m.len() || q.Len() != m.len() || s.Running != len(m.running) || s.Delayed != len(m.delayed) || int(s.Adds) != m.given {
		return fmt.Errorf("%+v, want %d queued, %d running, %d delayed, %d adds", s, m.len(), len(m.running), len(m.delayed), m.given)
	}
	return nil
}

// run performs a program, three bytes a step, on a queue and on the model. It must be called in a bubble of fake time.
func run(program []byte) error {
	m, start := newModel(), time.Now()
	limiter := RateLimiterFunc(func(requeues int) time.Duration { return m.unique(time.Duration(requeues) * 10 * time.Millisecond) })
	q := New[string](Options{RateLimiter: limiter})
	defer q.ShutDown()
	for i := 0; i+2 < len(program); i += 3 {
		key := string('a' + rune(program[i+1]%8))
		d := m.unique(time.Duration(program[i+2]) * time.Millisecond)
		if err := step(q, m, program[i]%16, key, d, program[i+2]); err != nil {
			return fmt.Errorf("step %d: %w", i/3, err)
		}
		if err := m.compare(q, start); err != nil {
			return fmt.Errorf("after step %d, %d(%q, %v): %w", i/3, program[i]%16, key, d, err)
		}
	}
	return nil
}

func step(q *Queue[string], m *model, op byte, key string, d time.Duration, arg byte) error {
	switch op {
	case 0, 1:
		q.Add(key)
		m.add(key, Normal)
	case 2:
		p := Lowest + Priority(arg%8)
		q.AddPriority(key, p)
		m.add(key, p)
	case 3:
		q.AddAfter(key, d)
		m.addAfter(key, d)
	case 4:
		d = m.unique(time.Duration(m.requeues[key]) * 10 * time.Millisecond)
		q.AddRateLimited(key)
		if !m.closed {
			m.requeues[key]++
			m.addAfter(key, d)
		}
	case 5:
		q.Forget(key)
		delete(m.requeues, key)
	case 6:
		_, want := m.delayed[key]
		if got := q.Cancel(key); got != want {
			return fmt.Errorf("cancelled: %v, want %v", got, want)
		}
		delete(m.delayed, key)
	case 7:
		return postpone(q, m, key, d)
	case 8, 9, 10:
		return get(q, m)
	case 11, 12:
		q.Done(key)
		m.done(key)
	case 13, 14:
		time.Sleep(d)
		synctest.Wait()
		m.advance(d)
	case 15:
		return end(q, m, arg)
	}
	return nil
}

func postpone(q *Queue[string], m *model, key string, d time.Duration) error {
	e, want := m.delayed[key]
	if got := q.Postpone(key, d); got != want {
		return fmt.Errorf("postponed: %v, want %v", got, want)
	}
	if want {
		m.delayed[key] = delayedKey{m.now + d, e.priority}
	}
	time.Sleep(time.Nanosecond) // a delay that was moved to now ends now
	synctest.Wait()
	m.advance(time.Nanosecond)
	return nil
}

func get(q *Queue[string], m *model) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Nanosecond)
	defer cancel()
	key, shutdown := q.Get(ctx)
	if m.len() > 0 {
		if shutdown {
			return errors.New("nothing was given, though keys are queued")
		}
		return m.got(key)
	}
	if !m.closed {
		m.advance(time.Nanosecond) // the wait
		synctest.Wait()
	}
	if shutdown {
		return nil
	}
	return m.got(key) // a delay ended during the wait
}

// end shuts down, rarely.
func end(q *Queue[string], m *model, arg byte) error {
	if arg%16 != 0 {
		return nil
	}
	q.ShutDown()
	m.closed = true
	clear(m.delayed)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := q.ShutDownWithDrain(ctx)
	if busy := m.len()+len(m.running) > 0; busy != (err != nil) || busy && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("drain says %v, and there is work: %v", err, busy)
	}
	return nil
}

func TestQueueDoesWhatTheModelDoes(t *testing.T) {
	for seed := range uint64(150) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			program := make([]byte, 3*300)
			for i := range program {
				program[i] = byte(random.Uint32())
			}
			if err := run(program); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
		})
	}
}

func FuzzQueueDoesWhatTheModelDoes(f *testing.F) {
	f.Add([]byte("\x00\x01\x00\x08\x00\x00\x00\x01\x00\x0b\x01\x00\x08\x00\x00"))
	f.Add([]byte("\x03\x01\x20\x07\x01\x40\x0d\x00\x30\x06\x01\x00\x0f\x00\x00"))
	f.Fuzz(func(t *testing.T, program []byte) {
		if len(program) > 3000 {
			return
		}
		synctest.Test(t, func(t *testing.T) {
			if err := run(program); err != nil {
				t.Fatal(err)
			}
		})
	})
}
