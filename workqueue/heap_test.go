package workqueue

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"
)

// Many delays begin, are moved and dropped at random; those that are left end in their order.
func TestThousandDelaysEndInTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New[int](Options{})
		random := rand.New(rand.NewPCG(1, 1))
		want := map[int]time.Time{}
		for i := range 5000 {
			key := random.IntN(1000)
			d := time.Duration(random.IntN(1000))*time.Second + time.Duration(i) // no two at one instant
			switch random.IntN(4) {
			case 0:
				q.Cancel(key)
				delete(want, key)
			case 1:
				if q.Postpone(key, d) {
					want[key] = time.Now().Add(d)
				}
			default:
				if old, ok := want[key]; !ok || time.Now().Add(d).Before(old) {
					want[key] = time.Now().Add(d)
				}
				q.AddAfter(key, d)
			}
			if err := q.check(); err != nil {
				t.Fatalf("step %d: %v", i, err)
			}
		}
		for n := len(want); n > 0; n-- {
			key := take(t, q)
			if !time.Now().Equal(want[key]) {
				t.Fatalf("%d was queued at %v, want %v", key, time.Now(), want[key])
			}
			delete(want, key)
			q.Done(key)
		}
		if s := q.Stats(); s.Delayed != 0 {
			t.Errorf("%d delays are left", s.Delayed)
		}
	})
}
