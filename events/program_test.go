package events

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	eventsv1 "k8s.io/api/events/v1"

	"github.com/sheaf-dev/sheaf/apitest"
)

// program records events at random.
type program struct {
	*bench
	random *rand.Rand
}

// happen records one event about one of a few objects.
func (p program) happen() {
	related := []int{0, 0, 1}[p.random.IntN(3)]
	web := pod(fmt.Sprint("web-", p.random.IntN(3)))
	reason := []string{"Pulled", "Failed"}[p.random.IntN(2)]
	text := fmt.Sprint("note ", p.random.IntN(20))
	if related == 0 {
		p.Eventf(web, nil, Normal, reason, "Pulling", "%s", text)
	} else {
		p.Eventf(web, pod("other"), Normal, reason, "Pulling", "%s", text)
	}
}

// trouble makes the server fail for a while or, unless it is honest, write what it does not confirm.
func (p program) trouble(honest bool) {
	actions := []apitest.Action{apitest.Fail(errors.New("out of order")), apitest.Delay(2 * time.Second)}
	if !honest {
		actions = append(actions, apitest.Cut(), apitest.CutAfterBytes(10), apitest.StallAfterBytes(0))
	}
	fault := p.server.Inject(apitest.Fault{Chance: p.random.Float64(), Do: actions[p.random.IntN(len(actions))]})
	for range p.random.IntN(30) {
		p.happen()
	}
	time.Sleep(time.Duration(p.random.Int64N(int64(3 * time.Minute))))
	fault.Remove()
}

func (p program) run(troubled, honest bool) {
	for range 50 {
		switch n := p.random.IntN(10); {
		case n < 6:
			for range p.random.IntN(20) {
				p.happen()
			}
		case n < 8:
			time.Sleep(time.Duration(p.random.ExpFloat64() * float64(2*time.Minute)))
		case n < 9:
			time.Sleep(time.Duration(p.random.ExpFloat64() * float64(time.Second)))
		case troubled:
			p.trouble(honest)
		}
	}
}

func times(e *eventsv1.Event) int64 {
	if e.Series == nil {
		return 1
	}
	return int64(e.Series.Count)
}

func TestInAnyProgramEachEventIsOnTheServerOrCountedAsDropped(t *testing.T) {
	for seed := range uint64(programs) {
		honest := seed%4 < 2
		options := Options{Queue: 50, Burst: 10, SeriesEnd: 3 * time.Minute, Flush: time.Minute}
		if seed%2 == 0 {
			options.remember = 2
		}
		record(t, options, func(b *bench) {
			program{b, rand.New(rand.NewPCG(seed, 0))}.run(true, honest)
			b.stop()
			var there int64
			for _, e := range b.events() {
				there += times(e)
			}
			s := b.Stats()
			twice := there + s.Dropped() + s.Waiting - s.Recorded // on the server, though nobody knows
			if s.Recorded == 0 || twice < 0 || twice > s.Failed || honest && twice != 0 {
				t.Errorf("seed %d: %d are on the server, %+v", seed, there, s)
			}
		})
	}
}

func TestInAnyProgramNeitherAlikeEventsNorThoseOfOneObjectExceedTheirBounds(t *testing.T) {
	var combined, limited int64
	for seed := range uint64(programs) {
		options := Options{Queue: 1000, Burst: 12, Refill: time.Minute, Similar: 5, SimilarWithin: 4 * time.Minute}
		record(t, options, func(b *bench) {
			program{b, rand.New(rand.NewPCG(seed, 1))}.run(false, false)
			b.stop()
			about, alike := map[string][]time.Time{}, map[string][]time.Time{}
			for _, e := range b.events() {
				at := e.EventTime.Time
				about[e.Regarding.Name] = append(about[e.Regarding.Name], at)
				if !standsForMany(e) {
					likeness := fmt.Sprint(e.Regarding.Name, e.Type, e.Reason, e.Action)
					alike[likeness] = append(alike[likeness], at)
				}
			}
			for name, at := range about {
				boundedIn(t, seed, name, at, options.Burst, time.Minute)
			}
			for likeness, at := range alike {
				boundedIn(t, seed, likeness, at, options.Similar, options.SimilarWithin)
			}
			s := b.Stats()
			combined += s.Combined
			limited += s.RateLimited
			if s.QueueFull+s.Failed != 0 {
				t.Errorf("seed %d: dropped without need: %+v", seed, s)
			}
		})
	}
	if combined == 0 || limited == 0 {
		t.Errorf("the programs reached no bound: %d combined, %d above the limit", combined, limited)
	}
}

// boundedIn checks that no more than so many moments lie within a time of that length.
func boundedIn(t *testing.T, seed uint64, what string, at []time.Time, most int, within time.Duration) {
	t.Helper()
	slices.SortFunc(at, time.Time.Compare)
	for i := most; i < len(at); i++ {
		if d := at[i].Sub(at[i-most]); d < within {
			t.Errorf("seed %d: %d Events of %s in %v", seed, most+1, what, d)
		}
	}
}
