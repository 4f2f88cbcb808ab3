package reflector_test

import (
	"testing"
	"time"

	"github.com/sheaf-dev/sheaf/cache/reflector"
)

func TestTheDefaultBackoffDoublesFromPointEightToThirtySecondsAndSpreads(t *testing.T) {
	base := 800 * time.Millisecond
	for failures := 1; failures < 100; failures++ {
		seen := map[time.Duration]bool{}
		for range 100 {
			d := reflector.DefaultBackoff(failures)
			if d < base || d >= 2*base {
				t.Fatalf("after %d failures: %v, want from %v to below %v", failures, d, base, 2*base)
			}
			seen[d] = true
		}
		if len(seen) < 50 {
			t.Fatalf("after %d failures the waits do not spread: %v", failures, seen)
		}
		base = min(30*time.Second, 2*base)
	}
}
