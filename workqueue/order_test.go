package workqueue

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sheaf-dev/sheaf/resource"
)

func TestLiveChangesGoBeforeAFirstList(t *testing.T) {
	q := New[string](Options{})
	for i := range 10 {
		q.AddPriority(fmt.Sprint("listed-", i), Low)
	}
	q.Add("changed")
	q.Add("listed-9") // a change of something that waits
	if got, want := drain(t, q, 3), []string{"changed", "listed-9", "listed-0"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// However many keys of higher priorities come, each lower priority gets its turns.
func TestNoPriorityStarves(t *testing.T) {
	for _, aging := range []int{1, 4, 16} {
		q := New[int](Options{Aging: aging})
		last, next := map[Priority]int{}, 0
		add := func(p Priority) {
			next += levels
			q.AddPriority(next+int(p-Lowest), p)
		}
		for p := Lowest; p <= Highest; p++ {
			for range 2000 / aging {
				add(p)
			}
		}
		for turn := range 2000 {
			p := Lowest + Priority(drain(t, q, 1)[0]%levels)
			last[p] = turn
			add(Highest) // these alone keep the workers busy
			for p := Lowest; p <= Highest; p++ {
				if pause := turn - last[p]; pause > aging+levels && q.ready.bands[p-Lowest].turn != nil {
					t.Fatalf("aging %d: priority %d has had none of the last %d turns", aging, p, pause)
				}
			}
		}
	}
}

func TestLowPriorityGetsOneTurnOfSeventeen(t *testing.T) {
	q := New[int](Options{})
	for i := range 4000 {
		q.AddPriority(i, Priority(i%2)-1)
	}
	low := 0
	for _, key := range drain(t, q, 1700) {
		if key%2 == 0 {
			low++
		}
	}
	if low != 100 {
		t.Errorf("%d of 1700 turns", low)
	}
}

func TestFlowsShareByWeight(t *testing.T) {
	weights := map[string]int{"gold": 3, "iron": 1, "mud": 0}
	q := New(Options{}, Flows(func(k resource.Key) string { return k.Namespace }, func(flow string) int { return weights[flow] }))
	for i := range 1000 {
		q.Add(resource.Key{Namespace: "gold", Name: fmt.Sprint(i)})
	}
	for i := range 1000 {
		q.Add(resource.Key{Namespace: "iron", Name: fmt.Sprint(i)})
		q.Add(resource.Key{Namespace: "mud", Name: fmt.Sprint(i)})
	}
	got := map[string]int{}
	order := map[string][]string{}
	for _, key := range drain(t, q, 500) {
		got[key.Namespace]++
		order[key.Namespace] = append(order[key.Namespace], key.Name)
	}
	if got["gold"] != 300 || got["iron"] != 100 || got["mud"] != 100 {
		t.Errorf("got %v", got)
	}
	for flow, names := range order {
		for i, name := range names {
			if name != fmt.Sprint(i) {
				t.Fatalf("flow %s is out of order at %d: %s", flow, i, name)
			}
		}
	}
}

// A tenant with one key waits at most one round, however many keys others have, and whatever is added, taken and raised meanwhile.
func TestNoFlowWaitsLongerThanARound(t *testing.T) {
	const flows = 10
	random := rand.New(rand.NewPCG(1, 2))
	weight := func(flow string) int { return int(flow[0]-'0')%4 + 1 }
	q := New(Options{}, Flows(func(k resource.Key) string { return k.Namespace }, weight))
	passed := map[string]int{}
	waiting := map[string]int{}
	for i := range 20_000 {
		if random.IntN(2) == 0 {
			flow := fmt.Sprint(min(random.IntN(30), flows-1)) // one flow is greedy
			q.Add(resource.Key{Namespace: flow, Name: fmt.Sprint(i)})
			waiting[flow]++
		}
		if q.Len() == 0 {
			continue
		}
		flow := drain(t, q, 1)[0].Namespace
		waiting[flow]--
		passed[flow] = 0
		for other, n := range waiting {
			if other == flow || n == 0 {
				continue
			}
			if passed[other]++; passed[other] > flows*4 {
				t.Fatalf("step %d: flow %s has been passed over %d times", i, other, passed[other])
			}
		}
		if i%100 == 0 {
			if err := q.check(); err != nil {
				t.Fatal(err)
			}
		}
	}
}
