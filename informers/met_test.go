package informers_test

import (
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/sheaf-dev/sheaf/cache"
	"github.com/sheaf-dev/sheaf/cache/reflector"
)

// enoughSeeds is how many programs meet everything.
const enoughSeeds = 10_000

// met counts what random programs have met, so that no fault is left out without anybody noticing.
type met struct {
	mu     sync.Mutex // owns counts
	counts map[string]int
}

// count counts something, if it was so.
func (m *met) count(name string, so bool) {
	if so {
		m.add(name, 1)
	}
}

func (m *met) add(name string, n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.counts[name] += n
}

// check fails the test if the programs have not met everything that there is to meet.
func (m *met) check(t *testing.T) {
	want := []string{"compact", "cut connections", "restart", "refuse connections", "restored", "quarantined in mid-program", "fell behind", "coalesced"}
	for _, f := range (&program{Rand: rand.New(rand.NewPCG(0, 0))}).anyFaults() {
		want = append(want, "fault: "+f.name)
	}
	for class := reflector.Expired; class <= reflector.Nameless; class++ {
		want = append(want, "failure: "+class.String())
	}
	for _, class := range []reflector.Class{reflector.Refused, reflector.Stalled, reflector.Cut, reflector.ServerFault} {
		want = append(want, "fallback: "+class.String())
	}
	for _, why := range []string{"initial", "expired", "version too large", "watch refused", "resource was missing", "watch breaks at once", "watch was silent from the start", "event without a name"} {
		want = append(want, "read: "+why)
	}
	for _, name := range want {
		if m.counts[name] == 0 {
			t.Errorf("no program has met %q", name)
		}
	}
	t.Logf("met: %v", m.counts)
}

// tally counts what a program has met, and checks that the informer has reported each failure.
func (p *program) tally(s cache.Status) {
	failures := int64(0)
	for _, f := range p.faults {
		p.met.add("fault: "+f.name, f.Hits())
	}
	for _, scope := range s.Scopes {
		for class, n := range scope.Failures {
			p.met.add("failure: "+class.String(), n)
			failures += int64(n)
		}
		for why, n := range scope.Reads {
			p.met.add("read: "+why, n)
		}
		p.met.count("fallback: "+scope.FellBack.String(), scope.FellBack != reflector.None)
	}
	if reported := p.failures.Load(); reported != failures {
		p.t.Errorf("seed %d: %d failures were reported of %d", p.seed, reported, failures)
	}
	for _, h := range s.Handlers {
		p.met.add("fell behind", h.FellBehind)
		p.met.add("coalesced", int(h.Coalesced))
	}
}

// checkStep checks the informer's invariants between two steps of a program: in half of them, because the others must not come to rest there.
func (p *program) checkStep() {
	if !p.checked {
		return
	}
	synctest.Wait()
	p.met.count("quarantined in mid-program", p.informer.Status().QuarantinedCount > 0)
	if err := p.informer.Shared().Check(); err != nil {
		p.t.Fatalf("seed %d: %v", p.seed, err)
	}
}
