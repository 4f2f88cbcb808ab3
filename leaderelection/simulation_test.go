package leaderelection

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/klog/v2"
)

const (
	troubled   = 60 * time.Second // how long faults may begin
	calm       = 45 * time.Second // how long they may last, and then nothing happens any more
	slowest    = 20 * time.Millisecond
	roundTrips = 6 * slowest
)

// again is how long, without a server that chooses, the candidates may be without a leader after the last fault has ended.
var again = (15*time.Second+4400*time.Millisecond)*11/10 + roundTrips

// world is a server, candidates, and a chronicler who looks at all of them at one instant.
type world struct {
	t      *testing.T
	seed   uint64
	random *rand.Rand
	server *server
	board  *board        // chooses; nil: the candidates settle it among themselves
	again  time.Duration // how long they may be without a leader after the last fault has ended
	wg     sync.WaitGroup

	mu         sync.Mutex // owns all below
	candidates []*candidate
	calmSince  time.Time // when the last fault ended
	lastLeader time.Time
	lastToken  int
	working    map[*candidate]bool
	terms      int
	log        []string
}

type candidate struct {
	*Elector
	link  *link
	clock crooked
	stop  context.CancelFunc
	dead  bool
	weary bool // has been frozen in this life: its work may overlap with another's
}

func newWorld(t *testing.T, seed uint64, coordinated bool) *world {
	w := &world{t: t, seed: seed, random: rand.New(rand.NewPCG(seed, 0)), server: newServer(), again: again, working: map[*candidate]bool{}}
	w.calmSince, w.lastLeader = time.Now(), time.Now()
	if coordinated {
		w.again += (15*time.Second+patience)*11/10 + 10*time.Second // a choice that comes to nothing, and another that makes the leader yield
		w.board = convene(t, w.server, time.Duration(w.random.Int64N(int64(40*time.Second)))-20*time.Second)
	}
	for range 3 + w.random.IntN(5) {
		w.join()
	}
	return w
}

// join starts a new candidate.
func (w *world) join() {
	l := &link{server: w.server, random: rand.New(rand.NewPCG(w.seed, w.random.Uint64())), latency: slowest, rude: w.random.IntN(2) == 0}
	l.arrived = func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.calmAt(time.Now()) // only now has the fault ended that delayed it
	}
	c := &candidate{link: l}
	c.clock = crooked{&l.freezer, time.Now().Add(-time.Duration(w.random.Int64N(int64(time.Hour)))), 0.9 + 0.2*w.random.Float64()}
	stopping := time.Duration(w.random.Int64N(int64(1500 * time.Millisecond)))
	var err error
	opts := Options{Identity: fmt.Sprint("candidate-", w.random.Uint32()), NoWatch: w.random.IntN(3) > 0}
	if w.board != nil {
		opts.Coordinated = &Coordinated{Candidates: through{w.board, l}, BinaryVersion: "1.9.0", EmulationVersion: fmt.Sprintf("1.%d.0", w.random.IntN(10))}
	}
	c.Elector, err = New(l, "lease", Callbacks{
		OnStartedLeading: func(ctx context.Context) { w.work(c, ctx, stopping) },
	}, opts)
	if err != nil {
		w.t.Fatal(err)
	}
	c.Elector.clock = c.clock
	ctx, cancel := context.WithCancel(klog.NewContext(context.Background(), klog.Logger{}))
	c.stop = cancel
	w.mu.Lock()
	w.candidates = append(w.candidates, c)
	w.mu.Unlock()
	w.wg.Go(func() { c.Run(ctx) })
}

// work is what a leader does. It needs a moment to stop.
func (w *world) work(c *candidate, ctx context.Context, stopping time.Duration) {
	token, _ := Token(ctx)
	w.begin(c, token)
	<-ctx.Done()
	time.Sleep(stopping)
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.working, c)
}

func (w *world) begin(c *candidate, token string) {
	w.look()
	w.mu.Lock()
	defer w.mu.Unlock()
	n, err := strconv.Atoi(token)
	if err != nil || n <= w.lastToken && !c.weary {
		w.fault("the token %q follows %d", token, w.lastToken)
	}
	w.lastToken = max(w.lastToken, n)
	for other := range w.working {
		if !other.weary && !c.weary && !other.dead {
			w.fault("%s begins to work while %s has not stopped", c.opts.Identity, other.opts.Identity)
		}
	}
	w.working[c] = true
	w.terms++
	w.note("%s begins, token %s", c.opts.Identity, token)
}

// look compares what all candidates say at this instant, by their own clocks. A frozen one says nothing, but counts if its
// clock would.
func (w *world) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	var leader *candidate
	for _, c := range w.candidates {
		if until := time.Duration(c.valid.Load()); until == 0 || c.clock.peek() >= until || c.dead {
			continue
		}
		if leader != nil {
			w.fault("two lead: %s by its %v and %s by its %v", leader.opts.Identity, leader.clock, c.opts.Identity, c.clock)
		}
		leader, w.lastLeader = c, time.Now()
	}
	since := w.lastLeader
	if w.calmSince.After(since) {
		since = w.calmSince
	}
	if missing := time.Since(since); missing > w.again {
		w.fault("no leader for %v", missing)
		w.lastLeader = time.Now()
	}
}

func (w *world) note(format string, args ...any) {
	w.log = append(w.log, time.Since(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)).String()+" "+fmt.Sprintf(format, args...))
}

func (w *world) fault(format string, args ...any) {
	w.note("FAULT: "+format, args...)
	w.t.Errorf("seed %d: %s", w.seed, fmt.Sprintf(format, args...))
}

// trouble does one bad thing.
func (w *world) trouble() {
	w.mu.Lock()
	alive := slices.DeleteFunc(slices.Clone(w.candidates), func(c *candidate) bool { return c.dead })
	w.mu.Unlock()
	c := alive[w.random.IntN(len(alive))]
	if w.random.IntN(2) == 0 { // rather the leader
		for _, l := range alive {
			if l.valid.Load() != 0 {
				c = l
			}
		}
	}
	d := min(20*time.Second, time.Duration(w.random.ExpFloat64()*float64(8*time.Second)))
	switch kind := w.random.IntN(8); kind {
	case 0:
		refuse := w.random.IntN(2) == 0
		w.during(d, "cut "+c.opts.Identity, func(on bool) { c.link.change(func(l *link) { l.cut, l.refuse = on, refuse }) })
	case 1:
		w.during(d, "cut all", func(on bool) {
			for _, c := range alive {
				c.link.change(func(l *link) { l.cut = on })
			}
		})
	case 2:
		w.during(d, "server broken", func(on bool) {
			for _, c := range alive {
				c.link.change(func(l *link) { l.broken = on })
			}
		})
	case 3:
		w.during(d, "delays for "+c.opts.Identity, func(on bool) { c.link.change(func(l *link) { l.delayed = on }) })
	case 4:
		w.during(d, "slow", func(on bool) {
			for _, c := range alive {
				c.link.change(func(l *link) { l.latency = map[bool]time.Duration{true: time.Second, false: slowest}[on] })
			}
		})
	case 5:
		w.freeze(c, d)
	case 6:
		w.kill(c)
	case 7:
		w.leave(c)
	}
}

func (w *world) during(d time.Duration, what string, set func(on bool)) {
	w.mu.Lock()
	w.note("%s for %v", what, d)
	w.calmAt(time.Now().Add(d))
	w.mu.Unlock()
	set(true)
	w.wg.Go(func() {
		time.Sleep(d)
		set(false)
	})
}

// calmAt says that a fault ends then.
func (w *world) calmAt(t time.Time) {
	if t.After(w.calmSince) {
		w.calmSince = t
	}
}

func (w *world) freeze(c *candidate, d time.Duration) {
	w.mu.Lock()
	c.weary = true
	w.mu.Unlock()
	w.during(d, "freeze "+c.opts.Identity, func(on bool) {
		if on {
			c.link.freeze()
		} else {
			c.link.thaw()
		}
	})
}

// kill ends a process without a last word, and starts another.
func (w *world) kill(c *candidate) {
	w.mu.Lock()
	w.note("kill %s", c.opts.Identity)
	w.calmAt(time.Now())
	c.dead = true
	delete(w.working, c)
	w.mu.Unlock()
	c.link.change(func(l *link) { l.gone = true })
	w.join()
}

// leave ends a process in good order, and starts another.
func (w *world) leave(c *candidate) {
	w.mu.Lock()
	w.note("stop %s", c.opts.Identity)
	w.calmAt(time.Now().Add(1500 * time.Millisecond)) // its work has to stop
	w.mu.Unlock()
	c.stop()
	w.join()
}

func (w *world) run() {
	begin := time.Now()
	next := begin.Add(15 * time.Second)
	for time.Since(begin) < troubled+calm {
		time.Sleep(200 * time.Millisecond)
		w.look()
		if time.Since(begin) < troubled && time.Now().After(next) {
			w.trouble()
			next = time.Now().Add(time.Duration(w.random.ExpFloat64() * float64(12*time.Second)))
		}
	}
	w.end()
}

// end checks that calm has come, and ends all candidates.
func (w *world) end() {
	for _, c := range w.candidates {
		c.link.change(func(l *link) { l.cut, l.broken, l.delayed, l.latency = false, false, false, slowest })
		c.link.thaw()
		c.stop()
	}
	w.wg.Wait()
	if w.t.Failed() {
		for _, line := range w.log {
			w.t.Log(line)
		}
	}
}

func TestNeverTwoLeadersAndSoonOneAgain(t *testing.T) { simulate(t, seeds, false) }

func TestNeverTwoLeadersAndSoonOneAgainWhoeverTheServerChooses(t *testing.T) {
	simulate(t, seeds/5, true)
}

func simulate(t *testing.T, seeds uint64, coordinated bool) {
	const groups = 4
	for group := range uint64(groups) {
		t.Run(fmt.Sprint("group ", group), func(t *testing.T) {
			t.Parallel()
			for seed := group; seed < seeds && !t.Failed(); seed += groups {
				synctest.Test(t, func(t *testing.T) { newWorld(t, seed, coordinated).run() })
			}
		})
	}
}
